"""`selat desk`: the night in a browser on this machine, to look at and to work."""

from typing import Annotated

import typer

from pipelines.cli.options import Config, Home, shown_installation


def desk(
    home: Home = None,
    config: Config = None,
    port: Annotated[
        int, typer.Option(min=0, max=65535, help="Where to listen; 0 for any that is free.")
    ] = 0,
    host: Annotated[str, typer.Option(help="Loopback only, today.")] = "127.0.0.1",
    browser: Annotated[bool, typer.Option(help="Open the browser.")] = True,
    lang: Annotated[str, typer.Option(help="Language to begin with: en or ms.")] = "en",
    operator: Annotated[
        str, typer.Option(help="Who sits at it; else it is asked with the first conclusion.")
    ] = "",
) -> None:
    """Open the desk: tonight's incidents in a browser, to look at and to conclude on.

    It prints an address that can be used once, on this machine, and opens the browser with another.
    It needs no network, waits for no run, and shows new runs by itself.

    For example:

      selat desk --operator "Lt Aminah"

      selat desk --no-browser --port 8765 --lang ms
    """
    from pipelines.base.labels import LANGUAGES
    from pipelines.web.app import Desk
    from pipelines.web.serving import listening, serve

    if lang not in LANGUAGES:
        raise typer.BadParameter(f"one of {', '.join(LANGUAGES)}", param_hint="--lang")
    installation = shown_installation(home, config)
    serve(
        Desk(installation, operator, lang),
        listening(host, port),
        browser=browser,
        out=typer.echo,
        say=lambda text: typer.echo(text, err=True),
    )
