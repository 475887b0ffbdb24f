"""The parent's side: keeps a few sealed children with their files loaded."""

import time
from collections import OrderedDict
from concurrent.futures import ThreadPoolExecutor
from threading import Lock

from apps.explanations.engine.asking import Child, Content, NotStarted
from apps.explanations.engine.messages import Explained, Loaded, Scored
from apps.explanations.engine.process import ChildDied, ChildProcess
from apps.explanations.engine.refusals import ModelRefused
from apps.explanations.engine.spec import Spec

__all__ = ["Child", "ChildDied", "Children", "Explained", "Loaded", "ModelRefused", "NotStarted", "Scored"]


class Children:
    """The children of this process, one for each key; those used least recently are closed."""

    def __init__(
        self, *, most: int = 4, idle_seconds: float = 600, request_seconds: float = 5, start_seconds: float = 60
    ) -> None:
        self._most = most
        self._idle = idle_seconds
        self._request_seconds = request_seconds
        self._start_seconds = start_seconds
        self._children: OrderedDict[str, Child] = OrderedDict()
        self._lock = Lock()
        # The kernel ends a child with the *thread* that started it. This one lives as long as we do.
        self._starter = ThreadPoolExecutor(1, "children")

    def get(self, key: str, format: str, spec: Spec, content: Content) -> Child:  # noqa: A002  # the word of the product
        """Return the child that has this file loaded; start one where there is none."""
        while True:
            child = self._take(key)
            try:
                if child.open(format, spec, content):
                    return child
            except BaseException:
                self._drop(key, child)
                raise
            # Another thread has closed it since.
            self._drop(key, child)

    def close(self) -> None:
        """End all children."""
        with self._lock:
            children = list(self._children.values())
            self._children.clear()
        for each in children:
            each.close()

    def _new(self) -> Child:
        return Child(
            lambda: self._starter.submit(ChildProcess).result(),
            request_seconds=self._request_seconds,
            start_seconds=self._start_seconds,
        )

    def _take(self, key: str) -> Child:
        """Return the child of the key, a new one if there is none, and close those that must go."""
        with self._lock:
            now = time.monotonic()
            old = [name for name, each in self._children.items() if each.is_dead or now - each.used_at > self._idle]
            closed = [self._children.pop(name) for name in old]
            child = self._children.setdefault(key, self._new())
            self._children.move_to_end(key)
            while len(self._children) > self._most:
                closed.append(self._children.popitem(last=False)[1])
        for each in closed:
            each.close()
        return child

    def _drop(self, key: str, child: Child) -> None:
        with self._lock:
            if self._children.get(key) is child:
                del self._children[key]
        child.close()
