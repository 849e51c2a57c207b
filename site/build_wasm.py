"""Compile the loops of `bptt_lab/engine/kernels.py` to WebAssembly: the same Python source, through the same Numba.

    .venv/bin/python site/build_wasm.py [folder]

Numba turns the loop into LLVM's language; LLVM, which Numba brings along, turns that into WebAssembly.
"""

import os
import platform
import re
import sys
import tempfile
import warnings
from collections.abc import Iterator
from dataclasses import astuple
from pathlib import Path

CUSTOM, EXPORT = 0, 7  # kinds of sections of a module
ORDER = (1, 2, 3, 4, 5, 6, 7, 8, 9, 12, 10, 11)  # in which they must stand; 12 counts what 11 holds
FUNCTION = 0  # kind of an export


def build() -> Iterator[tuple[str, bytes]]:
    """Each of `wasm.FILES` by name: it imports a memory, and exports its functions."""
    with tempfile.TemporaryDirectory() as empty:  # take nothing that was compiled before, for this machine
        os.environ |= {"NUMBA_OPT": "0", "NUMBA_CPU_NAME": "generic", "NUMBA_CACHE_DIR": empty}
        warnings.filterwarnings("ignore", message="Cannot cache compiled function")  # and so keep nothing, either
        from bptt_lab.engine import wasm

        of = entries()
        for file, names in wasm.FILES.items():
            texts = {name: llvm_of(*of[name]) for name in names}
            yield file, with_exports(webassembly(texts), [name.encode() for name in names])


def entries() -> dict[str, tuple]:
    """For each name the function of addresses and numbers, and its types. `wasm.py` calls them in the same order."""
    from numba import carray, njit, types
    from numba.types import CPointer, UniTuple

    from bptt_lab import gated, optimisers, report
    from bptt_lab.engine import kernels, plain

    address, size, number = CPointer(types.float64), types.int32, types.float64
    layout = njit(kernels.layout)
    arrays = "".join(f"carray(at[{i}], s[{i}]), " for i in range(25))

    def entry(cell, optimiser, softmax=False, last_first=False):
        source = f"""def train(at, sizes, flags, numbers):
            rows, T, N, B, n_x, n_h, n_y = sizes
            s = layout({cell.BLOCKS}, rows, T, N, B, n_x, n_h, n_y)
            theta, grads = carray(at[0], (s[5][1],)), carray(at[12], (s[5][1],))
            loop(theta, grads, ({arrays}), flags, numbers)"""
        names = {"layout": layout, "carray": carray, "loop": kernels.loop(cell, type(optimiser), softmax, last_first)}
        exec(source, names)
        flags = types.Tuple((types.boolean, size))
        types_of_all = UniTuple(address, 25), UniTuple(size, 7), flags, UniTuple(number, len(astuple(optimiser)))
        return kernels.loop_name(cell, type(optimiser), softmax, last_first), (names["train"], types_of_all)

    def cross_entropy(at, n):
        kernels._cross_entropy(carray(at[1], (n,)), carray(at[2], (n,)), carray(at[0], (n,)))

    of_cells = [(plain, optimiser()) for optimiser in (optimisers.SGD, optimisers.Momentum, optimisers.Adam)]
    of_cells += [(cell, report.Listing()) for cell in (plain, report.Averaged)]
    of_cells += [(cell, optimisers.Adam(), False, True) for cell in (plain, gated.gru, gated.lstm)]
    of_cells += [(cell, optimisers.Adam(), True, True) for cell in (gated.gru, gated.lstm)]
    return dict(entry(*one) for one in of_cells) | {"cross_entropy": (cross_entropy, (UniTuple(address, 3), size))}


def llvm_of(function, signature) -> tuple[str, str]:
    """The text of `function` in LLVM's language before any optimisation, and its name there."""
    import numba

    compiled = numba.njit(error_model="numpy")(function)
    compiled.compile(signature)
    (result,) = compiled.overloads.values()
    text = result.library.get_llvm_str()
    text = re.sub(r"^target (datalayout|triple).*\n", "", text, flags=re.M)  # this machine's
    # The arrays own no memory: there is nobody to count how often they are used
    text = re.sub(r"^ *(tail )?call void @NRT_(incref|decref)\(.*\n", "", text, flags=re.M)
    return text, result.fndesc.llvm_func_name


def webassembly(texts: dict[str, tuple[str, str]]) -> bytes:
    """One optimised module of all texts: wasm32, two doubles to an instruction, no fused multiply-add."""
    from llvmlite import binding as llvm

    llvm.initialize_all_targets()
    llvm.initialize_all_asmprinters()
    triple = "wasm32-unknown-unknown"
    machine = llvm.Target.from_triple(triple).create_target_machine("generic", "+simd128", opt=3, reloc="static")
    module = llvm.parse_assembly("")
    for text, name in texts.values():
        part = llvm.parse_assembly(text)
        for function in part.functions:
            if not function.is_declaration and function.name != name:
                function.linkage = "internal"  # to be inlined, or dropped: much of it is for callers in Python
        for variable in part.global_variables:
            if not variable.is_declaration:
                variable.linkage = "internal"
        module.link_in(part)
    module.triple, module.data_layout = triple, str(machine.target_data)
    tuning = llvm.create_pipeline_tuning_options(speed_level=3)
    tuning.loop_vectorization = tuning.slp_vectorization = True
    passes = llvm.create_pass_builder(machine, tuning)
    passes.getModulePassManager().run(module, passes)
    return machine.emit_object(module)


def with_exports(module: bytes, names: list[bytes]) -> bytes:
    """LLVM leaves the exports to a linker, which would have nothing else to do here: add them, and how it was built."""
    exports = b"".join(bytes([len(name)]) + name + bytes([FUNCTION, i]) for i, name in enumerate(names))
    kept = [(kind, body) for kind, body in sections(module) if kind != CUSTOM]
    kept.append((EXPORT, bytes([len(names)]) + exports))
    kept.sort(key=lambda section: ORDER.index(section[0]))
    kept.append((CUSTOM, b"\x05built" + built_with().encode()))
    return module[:8] + b"".join(bytes([kind]) + leb128(len(body)) + body for kind, body in kept)


def built_with() -> str:
    import llvmlite
    import numba

    python = ".".join(platform.python_version_tuple()[:2])
    return f"Numba {numba.__version__}, llvmlite {llvmlite.__version__}, Python {python}"


def sections(module: bytes) -> Iterator[tuple[int, bytes]]:
    """Kind and body of each section: a byte for the kind, the length of the body as LEB128, the body."""
    place = 8  # after the magic number and the version
    while place < len(module):
        kind, size, shift = module[place], 0, 0
        while True:
            place += 1
            size |= (module[place] & 127) << shift
            shift += 7
            if module[place] < 128:
                break
        yield kind, module[place + 1 : place + 1 + size]
        place += 1 + size


def leb128(n: int) -> bytes:
    """n in groups of 7 bits, lowest first; all but the last have their highest bit set."""
    groups = [n >> shift & 127 for shift in range(0, max(1, n.bit_length()), 7)]
    return bytes([group | 128 for group in groups[:-1]] + groups[-1:])


if __name__ == "__main__":
    beside = Path(__file__).resolve().parents[1] / "bptt_lab" / "engine"
    for name, code in build():
        (Path(sys.argv[1] if len(sys.argv) > 1 else beside) / name).write_bytes(code)
        print(f"{name}: {len(code):,} bytes, {built_with()}")
