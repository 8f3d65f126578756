"""Stories of events: where late reports move an anchor, another event takes the story over."""

from collections.abc import Collection, Iterable, Iterator, Mapping


def before(event_id: str, supersedes: Mapping[str, str]) -> Iterator[str]:
    """Ids of an event and of those whose story it took over, newest first.

    An event may come back and take over from the one that had taken over from it; each is named
    once.

    `supersedes`: id of the event whose story each took over; empty, or not there, where it took
    over none.

    Examples
    --------
    >>> list(before("c", {"c": "b", "b": "a", "a": "c"}))
    ['c', 'b', 'a']
    """
    seen: set[str] = set()
    while event_id and event_id not in seen:
        yield event_id
        seen.add(event_id)
        event_id = supersedes.get(event_id, "")


def heir(event_id: str, supersedes: Mapping[str, str], standing: Collection[str]) -> str:
    """Find the event in which a retracted one's story goes on, by way of others; empty if none.

    `standing`: ids of the events that aren't retracted.

    Examples
    --------
    >>> heir("a", {"c": "b", "b": "a"}, {"c"})
    'c'
    """
    return heirs([event_id], supersedes, standing)[0]


def heirs(
    event_ids: Iterable[str], supersedes: Mapping[str, str], standing: Collection[str]
) -> list[str]:
    """Find the `heir` of each of many events, of which a store has as many as it has leads.

    Examples
    --------
    >>> heirs(["a", "b", "d"], {"c": "b", "b": "a"}, {"c"})
    ['c', 'c', '']
    """
    went_on: dict[str, list[str]] = {}
    for new, old in supersedes.items():
        went_on.setdefault(old, []).append(new)
    return [_heir(one, went_on, standing) for one in event_ids]


def _heir(event_id: str, went_on: Mapping[str, list[str]], standing: Collection[str]) -> str:
    pending, seen = [event_id], {event_id}
    for one in pending:
        if one in standing:
            return one
        fresh = [new for new in sorted(went_on.get(one, ())) if new not in seen]
        seen.update(fresh)
        pending += fresh
    return ""
