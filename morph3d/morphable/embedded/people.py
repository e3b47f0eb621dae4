"""Random people: of each one sex, ancestry, age and weight, and a head that has the measures of such people in the surveys."""
from typing import NamedTuple

import numpy as np
from scipy import optimize

from morph3d.morphable.embedded import controls, human_head, measures, population, topology

# Concentration of each group's ancestry, in the order of controls.ANCESTRIES (african, asian, caucasian).
ANCESTRY = ((.1, .2, 5.), (5., .2, .6), (.6, 1.6, 2.4), (.1, 5., .3))
SEX = 1.2, 7.  # of the Beta distribution of how far somebody is from the extreme of the own sex
AGE, OLDEST = (1., 3.), .9  # of the Beta distribution of ages; 0 is young, 1 is the age of the targets called old
MUSCLE, WEIGHT = (.5, .13), (.5, .15)  # mean and deviation; .5 is average
AT_REST = dict(mouthShrugLower=.15)  # of the face units: the published lips are apart
SIZE, SIZE_DEVIATION = 1.06, .03  # of a head: MakeHuman's are 6 % small
SLACK = .06  # of a measure's deviation, by which heads may miss it where details would have to go far
ROUNDS, STEPS = 3, 3  # toward the measures of the mean head, and of each: what details do is not quite linear
LARGEST, FARTHEST = 2., 3.5  # standard deviations of a detail: drawn, and moved toward the measures
# Of a detail, to give the mean head the mean measures: a usual offset where these are missed by MEAN_SLACK, and the largest.
OFFSET, MEAN_SLACK, LARGEST_OFFSET = .3, .05, .5
DEVIATIONS = np.array([deviation for _, _, deviation in population.SURVEYED.values()])


class People(NamedTuple):
    """Random people, N of them."""
    cages: np.ndarray  # [N, cage, 3] mm
    male: np.ndarray  # [N] 0 or 1
    ancestry: np.ndarray  # [N, 3] shares of controls.ANCESTRIES
    old: np.ndarray  # [N] in 0..1
    weight: np.ndarray  # [N] in 0..1, average at .5


def draw(count, seed):
    """`count` random People, half of them women; the same seed gives the same ones."""
    random = np.random.default_rng(seed)
    male = (np.arange(count) + seed) % 2
    group = random.choice(len(population.GROUPS), count, p=population.SHARES)
    ancestry = np.array([random.dirichlet(ANCESTRY[number]) for number in group])
    away = random.beta(*SEX, count)
    old = OLDEST * random.beta(*AGE, count)
    muscle, weight = (np.clip(random.normal(*spread, count), 0., 1.) for spread in (MUSCLE, WEIGHT))
    wanted = population.draw(male, group, (weight - WEIGHT[0]) / WEIGHT[1], random)
    cages = _Fitter(random, count, controls.macro_weights(ancestry, np.where(male, 1. - away, away), old, muscle, weight))(wanted)
    return People(cages, male, ancestry, old, weight)


class _Fitter:
    """Finds the details of heads with given measures.

    Details are normal over people. Those of a head with given measures are a draw from that distribution, moved by the least, in
    standard deviations, that gives it the measures: a draw from the conditional distribution, were measures linear.
    """

    def __init__(self, random, count, macro):
        head, self.mesh = human_head.read(), topology.build()
        at_rest = np.tensordot(list(AT_REST.values()), head.dense([f"faceunits/{name}" for name in AT_REST]), 1)
        base = head.vertices + at_rest + np.tensordot(macro, head.dense(controls.macro_names()), 1)
        self.base = (SIZE * (base - base.mean((0, 1)))).reshape(count, -1)
        details = controls.details()
        self.more, self.less = (SIZE * np.array([controls.fields(getattr(each, way)).ravel() for each in details])
                                for way in ("more", "less"))
        self.deviation = np.array([each.deviation for each in details])
        self.measured = np.array([*(each.measured for each in details), True])
        self.offset = np.zeros(len(details))
        self.own = np.clip(random.standard_normal([count, len(details) + 1]), -LARGEST, LARGEST)

    def __call__(self, wanted):
        """The cages [N, cage, 3] of heads whose measures are `wanted`, {name: [N] mm}."""
        wanted = np.stack([wanted[name] for name in population.SURVEYED], 1)
        own, scores, bias = self.own, self.own, 0.
        for _ in range(ROUNDS):
            self._move_mean(wanted.mean(0) + bias)
            for _ in range(STEPS):
                cages = self._cages(scores)
                between = self._ends(cages.mean(0))
                slopes, missing = self._slopes(between), wanted - self._measured(between, cages)
                gain = slopes.T @ np.linalg.inv(slopes @ slopes.T + np.diag((SLACK * DEVIATIONS)**2))
                scores = np.clip(own + (missing + (scores - own) @ slopes.T) @ gain.T, -FARTHEST, FARTHEST)
            cages = self._cages(scores)
            bias = bias + (wanted - self._measured(self._ends(cages.mean(0)), cages)).mean(0)
        return cages

    def _move_mean(self, wanted):
        """Sets the offset of the details, with which the mean head has the measures `wanted` [M]."""
        for _ in range(STEPS):
            head = self._cages(np.zeros([1, len(self.deviation) + 1]), self.base.mean(0, keepdims=True))
            between = self._ends(head[0])
            slopes = self._slopes(between)[:, :-1] / self.deviation / DEVIATIONS[:, None]
            missing = (wanted - self._measured(between, head)[0]) / DEVIATIONS + slopes @ self.offset
            held = np.eye(len(self.offset)) * MEAN_SLACK / OFFSET
            self.offset = optimize.lsq_linear(np.r_[slopes, held], np.r_[missing, np.zeros(len(held))],
                                              (-LARGEST_OFFSET, LARGEST_OFFSET)).x

    def _cages(self, scores, base=None):
        """[N, cage, 3] mm: the heads of these scores [N, K + 1] of details and size, of all people's bases or of one."""
        weights = self.offset + scores[:, :-1] * self.deviation
        moved = (self.base if base is None else base) + np.maximum(weights, 0.) @ self.more + np.maximum(-weights, 0.) @ self.less
        return (1. + SIZE_DEVIATION * scores[:, -1])[:, None, None] * moved.reshape(len(moved), -1, 3)

    def _ends(self, cage):
        ends = measures.ends(self.mesh, self.mesh.matrix @ cage)
        return {name: tuple(end @ self.mesh.matrix for end in ends[name]) for name in population.SURVEYED}

    def _measured(self, between, cages):
        return np.stack(list(measures.measure(between, cages).values()), 1)

    def _slopes(self, between):
        """[M, K + 1]: what a standard deviation of each detail, and of the size, changes in the measures of the mean head."""
        base, unit = self.base.mean(0, keepdims=True), np.eye(len(self.deviation) + 1)
        up, down = (self._measured(between, self._cages(sign * unit, base)) for sign in (1., -1.))
        return self.measured * (up - down).T / 2.
