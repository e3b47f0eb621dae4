"""Names of files that do not take another's place."""
import itertools


def unused(name, is_taken):
    """The first of NAME, NAME_2, NAME_3 and so on of which `is_taken` is false."""
    numbered = (f"{name}_{number}" for number in itertools.count(2))
    return next(each for each in itertools.chain([name], numbered) if not is_taken(each))
