"""Read pickles as data: a stack machine that can build containers and numbers, and call nothing but what it is given.

Python's own unpickler imports what a pickle names, and its restricted form still leaves attributes to be set and
memory to be reserved by the file. Here a name is looked up in a table and is otherwise an error.
"""

import pickletools
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import IO, Any, TypeVar

from separation.engines.weightfiles.errors import WeightFileError

_Kind = TypeVar("_Kind")
Callables = Mapping[str, Callable[..., Any]]
"""Functions of ours by the dotted name in the pickle that they answer to."""

_MAX_BYTES = 16_000_000
"""The pickles of the largest known models have 200 kB: their numbers are kept outside."""

_CONSTANTS = {"NONE": None, "NEWTRUE": True, "NEWFALSE": False}
_VALUES = {
    "INT", "BININT", "BININT1", "BININT2", "LONG", "LONG1", "LONG4", "FLOAT", "BINFLOAT", "UNICODE", "BINUNICODE",
    "SHORT_BINUNICODE", "BINUNICODE8", "STRING", "BINSTRING", "SHORT_BINSTRING", "BINBYTES", "SHORT_BINBYTES",
    "BINBYTES8",
}  # fmt: skip
_TUPLES = {"EMPTY_TUPLE": 0, "TUPLE1": 1, "TUPLE2": 2, "TUPLE3": 3}
_CONTAINERS = {
    "TUPLE", "EMPTY_LIST", "LIST", "APPEND", "APPENDS", "EMPTY_DICT", "DICT", "SETITEM", "SETITEMS",
}  # fmt: skip
_KEYS = (str, bytes, int, float, type(None))


@dataclass(frozen=True, slots=True)
class Name:
    """A name of a class in a pickle, ``module.Class``, that stands for nothing."""

    dotted: str


class _Mark:
    """Where a run of operands begins on the stack."""


def read_pickle(
    stream: IO[bytes], *, names: frozenset[str], callables: Callables, persistent: Callable[[Any], Any]
) -> Any:
    """Read one pickle from `stream` and stop behind it.

    `names` may occur as values (as `Name`), `callables` may be called, and `persistent` resolves what the pickle
    refers to outside. Raises `WeightFileError`.
    """
    machine = _Machine(names, callables, persistent)
    start = stream.tell()
    try:
        for opcode, argument, _ in pickletools.genops(stream):
            _check_length(stream.tell() - start)
            machine.step(opcode.name, argument)
        return machine.result()
    except WeightFileError:
        raise
    except (ValueError, TypeError, LookupError, AttributeError, OverflowError, ArithmeticError) as error:
        raise WeightFileError(f"the file's description of its contents is damaged: {error}") from error


def _check_length(length: int) -> None:
    if length > _MAX_BYTES:
        raise WeightFileError("the file's description of its contents is too long")


class _Machine:
    def __init__(self, names: frozenset[str], callables: Callables, persistent: Callable[[Any], Any]) -> None:
        self._names = names
        self._callables = callables
        self._persistent = persistent
        self._stack: list[Any] = []
        self._memo: dict[int, Any] = {}

    def result(self) -> Any:
        """Return what the pickle describes."""
        (value,) = self._stack
        return value

    def step(self, opcode: str, argument: Any) -> None:
        """Execute one instruction."""
        stack = self._stack
        if opcode in _VALUES:
            stack.append(argument)
        elif opcode in _CONSTANTS:
            stack.append(_CONSTANTS[opcode])
        elif opcode in {"BINPUT", "LONG_BINPUT", "PUT"}:
            self._memo[argument] = stack[-1]
        elif opcode == "MEMOIZE":
            self._memo[len(self._memo)] = stack[-1]
        elif opcode in {"BINGET", "LONG_BINGET", "GET"}:
            stack.append(self._memo[argument])
        elif opcode == "MARK":
            stack.append(_Mark)
        elif opcode in _TUPLES:
            stack.append(self._tuple(_TUPLES[opcode]))
        elif opcode in _CONTAINERS:
            self._contain(opcode)
        elif opcode not in {"PROTO", "FRAME", "STOP"}:
            self._refer(opcode, argument)

    def _contain(self, opcode: str) -> None:
        """Execute an instruction that makes or fills a container."""
        stack = self._stack
        match opcode:
            case "TUPLE":
                stack.append(tuple(self._since_mark()))
            case "EMPTY_LIST":
                stack.append([])
            case "LIST":
                stack.append(self._since_mark())
            case "APPEND" | "APPENDS":
                values = [stack.pop()] if opcode == "APPEND" else self._since_mark()
                _of_kind(stack[-1], list).extend(values)
            case "EMPTY_DICT":
                stack.append({})
            case "DICT":
                stack.append(_fill({}, self._since_mark()))
            case "SETITEM" | "SETITEMS":
                pairs = [stack.pop(-2), stack.pop()] if opcode == "SETITEM" else self._since_mark()
                _fill(_of_kind(stack[-1], dict), pairs)

    def _refer(self, opcode: str, argument: Any) -> None:
        """Execute an instruction that names, calls or refers to something."""
        stack = self._stack
        match opcode:
            case "GLOBAL":
                stack.append(self._named(argument.replace(" ", ".")))
            case "STACK_GLOBAL":
                name, module = stack.pop(), stack.pop()
                stack.append(self._named(f"{module}.{name}"))
            case "REDUCE" | "NEWOBJ":
                arguments, function = _of_kind(stack.pop(), tuple), _of_kind(stack.pop(), Name)
                stack.append(self._call(function, arguments))
            case "BUILD":  # attributes of an object; nothing that is read here needs them
                stack.pop()
            case "BINPERSID":
                stack.append(self._persistent(stack.pop()))
            case _:
                raise WeightFileError(f"the file uses a feature that no known model uses ({opcode.lower()})")

    def _tuple(self, count: int) -> tuple[Any, ...]:
        if count > len(self._stack):
            raise WeightFileError("the file's description of its contents is damaged")
        values = tuple(self._stack[len(self._stack) - count :])
        del self._stack[len(self._stack) - count :]
        return values

    def _since_mark(self) -> list[Any]:
        position = next((at for at in reversed(range(len(self._stack))) if self._stack[at] is _Mark), None)
        if position is None:
            raise WeightFileError("the file's description of its contents is damaged")
        values = self._stack[position + 1 :]
        del self._stack[position:]
        return values

    def _named(self, dotted: str) -> Name:
        if dotted not in self._names and dotted not in self._callables:
            raise WeightFileError(f"the file refers to {dotted[:80]}, which no known model needs")
        return Name(dotted)

    def _call(self, function: Name, arguments: tuple[Any, ...]) -> Any:
        if function.dotted not in self._callables:
            raise WeightFileError(f"the file wants to create a {function.dotted}, which no known model needs")
        return self._callables[function.dotted](*arguments)


def _of_kind(value: Any, kind: type[_Kind]) -> _Kind:
    if not isinstance(value, kind):
        raise WeightFileError("the file's description of its contents is damaged")
    return value


def _fill(target: dict[Any, Any], pairs: list[Any]) -> dict[Any, Any]:
    """Add `pairs`, keys and values in turn. Nested keys are refused: to hash them takes a stack as deep as they are."""
    if not all(isinstance(key, _KEYS) for key in pairs[::2]):
        raise WeightFileError("the file's description of its contents is damaged")
    target.update(zip(pairs[::2], pairs[1::2], strict=True))
    return target
