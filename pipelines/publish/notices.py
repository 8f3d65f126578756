"""What every product says about itself, in the same words everywhere."""

from collections.abc import Mapping
from datetime import datetime, tzinfo
from typing import Any

from pipelines.base import labels
from pipelines.base.spoken import spoken
from pipelines.base.text import LOCAL, LOCAL_NAME, age, moment, one_line, position_text
from pipelines.detect.lacking import LACKING
from pipelines.publish.checks import units
from pipelines.publish.products import Products


def handling(products: Products) -> str:
    """Write the marks of a recipient's products, ``TLP:AMBER · REL MYS``; empty without any."""
    return str(products.release.mark) if products.release else ""


def freshness(products: Products) -> str:
    """For whom the products are and when they are out of date; empty where they are nobody's."""
    if products.release is None:
        return ""
    words, stale = labels.labels(products.language), products.release.stale_after
    when = words.stale_after.format(
        utc=moment(stale, None, "UTC", words.say), local=moment(stale, say=words.say)
    )
    return f"{words.prepared_for.format(title=products.release.title)} {when}"


def marks(products: Products) -> str:
    """All that must stand on every page: handling, exercise; may be empty."""
    simulated = labels.labels(products.language).simulated if products.simulated else ""
    return " · ".join(part for part in (handling(products), simulated) if part)


def window(products: Products, zone: tzinfo | None = LOCAL, name: str = LOCAL_NAME) -> str:
    """Write from when to when was looked."""
    say = labels.labels(products.language).say
    return f"{moment(products.start, zone, '', say)}– {moment(products.end, zone, name, say)}"


def terms(products: Products) -> list[str]:
    """Return how far the products may go, for whom they are, and until when."""
    allows = (
        labels.labels(products.language).tlp(products.release.mark.tlp) if products.release else ""
    )
    return [text for text in (allows, freshness(products)) if text]


def about_run(products: Products) -> list[str]:
    """Return which run it is, whether it is partial, what was heard badly, and what an empty list
    doesn't mean.
    """
    words = labels.labels(products.language)
    partial = products.manifest.get("state") == "partial"
    return [
        words.run.format(run_id=products.run_id),
        *([words.partial_run] if partial else []),
        *reception(products.manifest, products.end, words),
        *([f"{words.nothing_flagged} {words.not_all_clear}"] if products.flagged.empty else []),
    ]


def reception(manifest: Mapping[str, Any], end: datetime, words: labels.Labels) -> list[str]:
    """Say what of the night couldn't be judged, where and when less was heard than usual in the
    day before the window's end, and what the feeds lack; nothing where that isn't known.
    """
    told = manifest.get("reception") or {}
    upto = moment(end, say=words.say)
    said = [*unassessed(manifest, words), *silent_at_once(manifest, words)]
    if poor := told.get("poor"):
        where = position_text(float(poor["lat"]), float(poor["lon"]))
        numbers = {"blocks": int(poor["blocks"]), "usual": int(poor["usual"])}
        said.append(words.reception_poor.format(**numbers, where=where, time=upto))
    if gaps := int(told.get("gaps", 0)):
        text = words.reception_gap if gaps == 1 else words.reception_gaps
        longest = age(float(told["longest_gap_s"]), *units(words))
        if since := told.get("longest_gap_from"):  # older runs don't tell it
            start = moment(datetime.fromisoformat(since), say=words.say)
            longest = words.reception_from.format(age=longest, start=start)
        said.append(text.format(n=gaps, age=longest, time=upto))
    lacks = manifest.get("lacking") or []
    return said + [words.at_desk(LACKING[name]) for name in lacks if name in LACKING]


def held_back(manifest: Mapping[str, Any], words: labels.Labels, limit: int) -> list[str]:
    """Say which rules were held back, and what so many vessels did that it is their feed's fault,
    each in `limit` characters at most.
    """
    told = manifest.get("held_back") or []
    return [one_line(spoken(words, str(text))[0], limit) for text in told]


def unassessed(manifest: Mapping[str, Any], words: labels.Labels) -> list[str]:
    """Say how many events no land layer reaches: none of these can be on the list."""
    n = int((manifest.get("counts") or {}).get("out_of_reach", 0))
    text = "{n} events aren't assessed, as no land layer reaches them: none is on the list."
    if n == 1:
        text = "1 event isn't assessed, as no land layer reaches it: it isn't on the list."
    return [words.at_desk(text, n=f"{n:,}")] if n else []


def silent_at_once(manifest: Mapping[str, Any], words: labels.Labels) -> list[str]:
    """Say how many silences began in the same minutes, if many did."""
    told = manifest.get("silent_at_once")
    if not told:  # nor do older runs tell it
        return []
    text = (
        "{n} of {all} silences began within five minutes, from {time}: a feed or a receiver that"
        " changed then is likelier than so many ships."
    )
    numbers = {"n": int(told["n"]), "all": int(told["of"])}
    start = moment(datetime.fromisoformat(told["from"]), say=words.say)
    return [words.at_desk(text, **numbers, time=start)]


def conclusions(products: Products) -> str:
    """Return what the products know of conclusions, and what of their maps is of the time at which
    these were looked up; empty for a recipient, who is told of none.
    """
    if products.release is not None:
        return ""
    words = labels.labels(products.language)
    if products.concluded is None:
        return words.conclusions_elsewhere
    upto = words.conclusions_upto.format(time=moment(products.concluded.upto, say=words.say))
    if not (changed := products.concluded.areas_changed):
        return upto
    drawn = "Areas that changed since are drawn as they are now: {names}."
    return f"{upto} {words.at_desk(drawn, names=', '.join(changed))}"


def cautions(products: Products) -> list[str]:
    """Return what a reader must keep in mind."""
    words = labels.labels(products.language)
    return [f"{words.leads} {words.leads_more}", words.blind, words.not_for_navigation]


def marked(text: str, products: Products) -> str:
    """Return a text after the marks of its products."""
    before = marks(products)
    return f"{before}. {text}" if before else text


def short(name: str, products: Products) -> str:
    """Return a name for a plotter, which cuts it: an exercise is marked in front."""
    return (
        f"{labels.labels(products.language).simulated_short} {name}" if products.simulated else name
    )


def summary(products: Products) -> str:
    """Return the one paragraph that formats without room for more carry."""
    words = labels.labels(products.language)
    parts = [f"{handling(products)}."] if products.release else []
    if products.simulated:
        parts.append(f"{words.simulated}.")
    if products.manifest.get("state") == "partial":
        parts.append(words.partial_run)
    if products.flagged.empty:
        parts += [words.nothing_flagged, words.not_all_clear]
    parts += [words.leads, words.leads_more, words.blind]
    parts += [words.run.format(run_id=products.run_id), freshness(products)]
    return " ".join(part for part in parts if part)
