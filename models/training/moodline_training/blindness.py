"""Whether a network has begun to tell labels apart."""

from __future__ import annotations

from .data import DataError, Faces

# Of balanced accuracy, what a network that tells nothing apart may have by luck.
_LUCK = 0.02
# In which a network that learns at all tells something apart; epochs of small data are shorter.
_FEWEST_STEPS = 1000


class Blindness:
    """Counts epochs in a row in which a network said no more than somebody who does not look: it is
    right no more often than who always says the commonest label, and its balanced accuracy is that
    of chance. Confined to one thread.

    :param validation: the pictures that are asked about
    :param most_epochs: after which the run is given up; 0: never
    """

    def __init__(self, validation: Faces, most_epochs: int) -> None:
        known = validation.majority[validation.majority >= 0]
        self._commonest = (known.bincount().max() / len(known)).item()
        self._most_epochs = most_epochs
        self.epochs = 0

    def validated(self, measured: dict) -> None:
        chance = 1 / len(measured["recall"])
        no_more = measured["accuracy"] <= self._commonest
        blind = no_more and measured["balanced_accuracy"] <= chance + _LUCK
        self.epochs = self.epochs + 1 if blind else 0

    def gives_up(self, steps: int) -> bool:
        """
        :param steps: of an epoch
        """
        enough = 0 < self._most_epochs <= self.epochs
        return enough and self.epochs * steps >= _FEWEST_STEPS

    def check(self, steps: int) -> None:
        """Says that a run learnt nothing, if so."""
        if self.gives_up(steps):
            raise DataError(
                f"nothing is learnt: for {self.epochs} epochs no labels were told apart (the"
                f" commonest alone is right for {self._commonest:.4f}). Try another --lr or"
                " --recipe, start from weights that know faces (--init), or go on with --resume"
                " --blind-epochs 0"
            )
