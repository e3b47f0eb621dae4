"""Identities as a recognizer might give them, for tests of what is measured on them."""
import numpy as np


def unit(array):
    return array / np.linalg.norm(array, axis=-1, keepdims=True)


def crowd(counts, size=16, spread=1., seed=0):
    """So many photos of each person, by counts, `spread` apart -> identities [N, size] and people [N], shuffled."""
    rng = np.random.default_rng(seed)
    number = rng.permutation(np.repeat(np.arange(len(counts)), counts))
    centers = rng.normal(size=[len(counts), size])
    return unit(centers[number] + spread * rng.normal(size=[len(number), size])), np.array([f"p{n:04}" for n in number])
