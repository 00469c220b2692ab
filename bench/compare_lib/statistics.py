"""Medians, spread, ratios, and whether a mark is reached.

Rounds are {peer: {measure: [value of each round]}}. A ratio is taken within each round, because the
machine drifts between rounds, and then the median of the rounds.
"""

import dataclasses
import enum
import statistics


def median(values):
    return statistics.median(values)


def spread(values):
    """Half the distance between the quartiles: half of the rounds lie within median +- spread."""
    if len(values) < 2:
        return 0.0
    low, _, high = statistics.quantiles(values, n=4, method="inclusive")
    return (high - low) / 2


def ratio(rounds, measure, ours, theirs):
    """The median of the rounds' ratios ours / theirs; None where either was not measured."""
    pairs = list(zip(rounds.get(ours, {}).get(measure, []), rounds.get(theirs, {}).get(measure, [])))
    if not pairs or any(other <= 0 for _, other in pairs):
        return None
    return median([own / other for own, other in pairs])


class Verdict(enum.Enum):
    AIM = "aim met"
    REACH = "reached"
    MISSED = "MISSED"
    UNKNOWN = "not measured"


@dataclasses.dataclass(frozen=True)
class Mark:
    """What a measure is to reach: a value, or a ratio to the best of some peers. Smaller is better.

    `gate`: a release depends on it; the others are measured and explained.
    """

    measure: str
    reach: float
    aim: float
    against: tuple[str, ...] = ()
    gate: bool = False
    subject: str = "headrace"

    def value(self, rounds):
        """The figure to hold against the mark; None if something for it was not measured."""
        if not self.against:
            ours = rounds.get(self.subject, {}).get(self.measure)
            return median(ours) if ours else None
        best = self.best(rounds)
        return ratio(rounds, self.measure, self.subject, best) if best else None

    def best(self, rounds):
        """The best of the peers that we are held against; None if one of them was not measured."""
        medians = {}
        for peer in self.against:
            theirs = rounds.get(peer, {}).get(self.measure)
            if not theirs:
                return None
            medians[peer] = median(theirs)
        return min(medians, key=medians.get, default=None)

    def verdict(self, rounds):
        value = self.value(rounds)
        if value is None:
            return Verdict.UNKNOWN
        if value <= self.aim:
            return Verdict.AIM
        return Verdict.REACH if value <= self.reach else Verdict.MISSED
