"""Eight bytes at a time: loads, searches, checksums and 6-bit characters in 64-bit words.

The technique is "SIMD within a register" (H. S. Warren, Hacker's Delight, chapters 2 and 6): a word
holds 8 bytes, and the tests below mark a byte by its top bit. A mark may also appear *above* a true
one, never below it, so the lowest mark is always right.
"""

from typing import Any, Final

import numpy as np

from pipelines.ingest.aivdm.jit import inlined, intrinsic, ir, types
from pipelines.ingest.aivdm.layouts import Bits

U: Final = np.uint64
ONES: Final = U(0x0101010101010101)
TOPS: Final = U(0x8080808080808080)
ONE: Final = U(1)
ARMOUR_ZERO: Final = U(0x3030303030303030)
BLANKS: Final = U(0x2020202020202020)
COMMAS: Final = U(0x2C2C2C2C2C2C2C2C)
BANGS: Final = U(0x2121212121212121)
BACKSLASHES: Final = U(0x5C5C5C5C5C5C5C5C)
_GAP: Final = U(0x5858585858585858)
_F8: Final = U(0xF8F8F8F8F8F8F8F8)
_C0: Final = U(0xC0C0C0C0C0C0C0C0)
_LOW_24: Final = U(0xFFFFFF)
_LOW_48: Final = U(0xFFFFFFFFFFFF)


@intrinsic
def load(_context: Any, array: Any, _index: Any) -> Any:
    """Return 8 bytes of a uint8 array from any index on, first byte lowest."""

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        data = context.make_array(signature.args[0])(context, builder, arguments[0]).data
        place = builder.gep(data, [arguments[1]])
        return builder.load(builder.bitcast(place, ir.IntType(64).as_pointer()), align=1)

    return types.uint64(array, types.int64), generate


@intrinsic
def store(_context: Any, array: Any, _index: Any, _word: Any) -> Any:
    """Write the 8 bytes of a word to a uint8 array from an index on."""

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        data = context.make_array(signature.args[0])(context, builder, arguments[0]).data
        place = builder.gep(data, [arguments[1]])
        pointer = builder.bitcast(place, ir.IntType(64).as_pointer())
        builder.store(arguments[2], pointer, align=1)
        return context.get_dummy_value()

    return types.void(array, types.int64, types.uint64), generate


@intrinsic
def borrowed(_context: Any, array: Any) -> Any:
    """Return the same array, or tuple of them, without references to count.

    Something else must keep them alive. Counting is an atomic operation whenever a function is
    handed an array, which took more time than decoding did.
    """

    def uncounted(context: Any, builder: Any, kind: Any, value: Any) -> Any:
        if isinstance(kind, types.BaseTuple):
            parts = (builder.extract_value(value, place) for place in range(len(kind)))
            made = [uncounted(context, builder, *one) for one in zip(kind, parts, strict=True)]
            return context.make_tuple(builder, kind, made)
        view = context.make_array(kind)(context, builder, value)
        view.meminfo = context.get_constant_null(types.MemInfoPointer(types.voidptr))
        view.parent = context.get_constant_null(types.pyobject)
        return view._getvalue()

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        return uncounted(context, builder, signature.args[0], arguments[0])

    return array(array), generate


@intrinsic
def swapped(_context: Any, _word: Any) -> Any:
    """Return a word with its bytes in reverse order."""

    def generate(_context: Any, builder: Any, _signature: Any, arguments: Any) -> Any:
        return builder.bswap(arguments[0])

    return types.uint64(types.uint64), generate


@intrinsic
def _trailing_zeros(_context: Any, _word: Any) -> Any:
    def generate(_context: Any, builder: Any, _signature: Any, arguments: Any) -> Any:
        return builder.cttz(arguments[0], ir.Constant(ir.IntType(1), 1))

    return types.uint64(types.uint64), generate


@inlined
def marks_below(word: Any, limits: Any) -> Any:
    """Mark bytes below the (equal) bytes of `limits`, which are at most 0x80."""
    return (word - limits) & ~word & TOPS


@inlined
def marks_equal(word: Any, sought: Any) -> Any:
    """Mark bytes equal to those of `sought`."""
    difference = word ^ sought
    return (difference - ONES) & ~difference & TOPS


@inlined
def marks_of_stops(word: Any) -> Any:
    """Mark `!`, backslashes and control characters."""
    return marks_equal(word, BACKSLASHES) | marks_equal(word, BANGS) | marks_below(word, BLANKS)


@inlined
def first_mark(marks: Any) -> Any:
    """Return the index in the word of the lowest marked byte; there must be one."""
    return np.int64(_trailing_zeros(marks) >> U(3))


@inlined
def lowest(word: Any, count: Any) -> Any:
    """Return the lowest `count` bytes (0 to 7) of a word, the others 0."""
    return word & ((ONE << U(8 * count)) - ONE)


@inlined
def folded(word: Any) -> Any:
    """Return the exclusive or of the 8 bytes of a word."""
    word ^= word >> U(32)
    word ^= word >> U(16)
    word ^= word >> U(8)
    return np.int64(word & U(0xFF))


@inlined
def unarmoured(word: Any) -> Any:
    """Turn 8 armoured characters into 48 bits, the first character highest (IEC 61162-1, VDM).

    A character below 0x58 stands for itself less 48, one from 0x60 on for itself less 56.
    """
    upper = (word >> U(6)) & (word >> U(5)) & ONES
    values = swapped(word - ARMOUR_ZERO - (upper << U(3)))
    # Close the gaps of 2 bits between 6: pairs to 12 bits, then to 24, then to 48.
    twelves = ((values & U(0x3F003F003F003F00)) >> U(2)) | (values & U(0x003F003F003F003F))
    halves = ((twelves & U(0x0FFF00000FFF0000)) >> U(4)) | (twelves & U(0x00000FFF00000FFF))
    return ((halves >> U(32)) << U(24)) | (halves & _LOW_24)


@inlined
def not_armour(word: Any) -> Any:
    """Return other than 0 if any of 8 characters is none of armouring's (0-W, `-w)."""
    upper = (word >> U(6)) & (word >> U(5)) & ONES
    values = word - ARMOUR_ZERO - (upper << U(3))
    gap = (word ^ _GAP) & _F8
    return (values & _C0) | ((gap - ONES) & ~gap & TOPS)


@inlined
def take(words: Any, field: Bits) -> Any:
    """Return a field of at most 48 bits from a message in groups of 48 bits, as int64."""
    group = field.start // 48
    before = field.start - group * 48
    beyond = before + field.width - 48
    if beyond <= 0:
        return np.int64((words[group] >> U(-beyond)) & ((ONE << U(field.width)) - ONE))
    high = words[group] & ((ONE << U(48 - before)) - ONE)
    return np.int64((high << U(beyond)) | (words[group + 1] >> U(48 - beyond)))


@inlined
def take_signed(words: Any, field: Bits) -> Any:
    """Return a field in two's complement."""
    value = take(words, field)
    return value - ((value >> (field.width - 1)) << field.width)


@inlined
def eight_characters(words: Any, start: Any) -> Any:
    """Return 8 characters of 6-bit ASCII from bit `start` on, as ASCII, the first one lowest."""
    group = start // 48
    before = start - group * 48
    bits = words[group]
    if before:
        bits = ((bits << U(before)) & _LOW_48) | (words[group + 1] >> U(48 - before))
    halves = ((bits >> U(24)) << U(32)) | (bits & _LOW_24)
    twelves = ((halves & U(0x00FFF00000FFF000)) << U(4)) | (halves & U(0x00000FFF00000FFF))
    values = ((twelves & U(0x0FC00FC00FC00FC0)) << U(2)) | (twelves & U(0x003F003F003F003F))
    # 0-31 are @ to _ (64-95), 32-63 are blank to ? and stay.
    return swapped(values | ((~values & U(0x2020202020202020)) << U(1)))
