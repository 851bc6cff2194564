"""A film of a training by ``fit`` of Keras."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from convscope.arguments import is_whole, told
from convscope.errors import OutputError, SelectionError, warn
from convscope.frameworks import import_keras
from convscope.networks import Network, network_given, open_network

if TYPE_CHECKING:
    from convscope.training.film import Film

__all__ = ["film_callback"]


def film_callback(film: Film, network: Network | None, every: str | int) -> Any:
    """Make the callback; see `Film.callback`."""
    by_step = is_whole(every)
    by_epoch = isinstance(every, str) and every == "epoch"
    if not by_epoch and not (by_step and int(every) > 0):
        raise SelectionError(
            f"a film cannot be recorded every {told(every)}: give 'epoch', or a number of steps "
            "from 1"
        )
    if network is not None:
        network_given(network)
    base: Any = import_keras("a film of a Keras training").callbacks.Callback
    course = _Course(film, network, int(every) if by_step else None)

    class Recorder(base):  # type: ignore[misc]
        """Tells a film how the training goes on."""

        def on_train_begin(self, logs: Any = None) -> None:
            course.begin(self.model)

        def on_epoch_begin(self, epoch: int, logs: Any = None) -> None:
            course.begin_epoch((self.params or {}).get("steps"))

        def on_train_batch_begin(self, batch: int, logs: Any = None) -> None:
            course.before_step(batch)

        def on_train_batch_end(self, batch: int, logs: Any = None) -> None:
            course.after_step(batch)

        def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
            course.end_epoch()

        def on_train_end(self, logs: Any = None) -> None:
            course.end()

    return Recorder()


class _Course:
    """Where a training is, and what of it is recorded.

    On jax ``fit`` takes the variables out of the model between two steps. Keras puts their present
    values back when a callback asks for them, and the next step begins from these, and overwrites
    them. Copies stay with the network, so that others can look at it meanwhile.

    Parameters
    ----------
    film : Film
    network : Network or None
        None: opened from the model.
    interval : int or None
        Steps between frames; None: a frame an epoch.
    """

    def __init__(self, film: Film, network: Network | None, interval: int | None) -> None:
        self._film = film
        self._network = network
        self._interval = interval
        self._model: Any = None
        self._before_epoch = 0
        self._in_epoch = 0
        self._steps: int | None = None
        self._lost = False

    def begin(self, model: Any) -> None:
        self._model = model
        if self._network is None:
            self._network = open_network(model)
        self._lend()
        if self._film.last_step is None:
            self._tell(self._record)
        # An epoch that was interrupted counts too, as do frames that somebody else recorded.
        done = self._before_epoch + self._in_epoch
        self._before_epoch = max(done, self._film.last_step or 0)
        self._in_epoch, self._steps = 0, None

    def begin_epoch(self, steps: int | None) -> None:
        self._steps = steps or self._steps

    def before_step(self, place: int) -> None:
        at_once = int(getattr(self._model, "steps_per_execution", 1) or 1)
        if self._ends_interval(place, place + at_once):
            self._tell(self._film.remember)

    def after_step(self, place: int) -> None:
        done, self._in_epoch = self._in_epoch, place + 1
        if self._interval is not None and self._crosses(done, self._in_epoch):
            self._tell(self._record)

    def end_epoch(self) -> None:
        if self._interval is None:
            self._tell(self._record)
        # An iterator without a length tells it by ending once.
        self._steps = self._in_epoch
        self._before_epoch += self._in_epoch
        self._in_epoch = 0

    def end(self) -> None:
        from convscope.networks.keras.lent import take_back

        take_back(getattr(self._network, "model", self._model))

    def _lend(self) -> None:
        from convscope.networks.keras.lent import lend

        lend(getattr(self._network, "model", self._model), self._model)

    def _ends_interval(self, done: int, then: int) -> bool:
        if self._interval is None:
            return self._steps is not None and then >= self._steps
        return self._crosses(done, then)

    def _crosses(self, done: int, then: int) -> bool:
        assert self._interval is not None
        before = self._before_epoch
        return (before + done) // self._interval < (before + then) // self._interval

    def _record(self, network: Network) -> None:
        self._film.record(network, self._before_epoch + self._in_epoch)

    def _tell(self, tell: Callable[[Network], None]) -> None:
        """Let the film look at the network; a full disk must not end a long training."""
        assert self._network is not None
        if self._lost:
            return
        if hasattr(self._model, "jax_state_sync"):
            self._model.jax_state_sync()
        self._lend()
        try:
            tell(self._network)
        except OutputError as error:
            self._lost = True
            warn(f"the film ends here, the training goes on: {error}")
