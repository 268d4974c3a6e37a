"""Hold ferrule's names and signatures against PyTorch's.

    python tools/compare_torch.py     # writes docs/torch_differences.md; needs PyTorch

A row is a name that PyTorch has and ferrule lacks, or an argument that is missing, called
otherwise, in another place or of another default. What is left out on purpose says why; what has
no reason is open.

Of PyTorch's overloads, which ferrule's one function tells apart by what it is given, an argument
must agree with one.
"""

from __future__ import annotations

import importlib
import inspect
import re
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

TARGET = Path(__file__).parent.parent / "docs/torch_differences.md"

NAMESPACES = {
    "torch": "ferrule",
    "torch.Tensor": "ferrule.Tensor",
    "torch.linalg": "ferrule.linalg",
    "torch.fft": "ferrule.fft",
    "torch.special": "ferrule.special",
    "torch.nn": "ferrule.nn",
    "torch.nn.functional": "ferrule.nn.functional",
    "torch.nn.utils": "ferrule.nn.utils",
    "torch.nn.init": "ferrule.nn.init",
    "torch.func": "ferrule.func",
    "torch.optim": "ferrule.optim",
    "torch.optim.lr_scheduler": "ferrule.optim.lr_scheduler",
    "torch.optim.swa_utils": "ferrule.optim.swa_utils",
    "torch.utils.data": "ferrule.data",
    "torch.amp": "ferrule.amp",
}
_PREFIXES = {"torch.linalg": "linalg_", "torch.fft": "fft_", "torch.special": "special_"}

_CLASSES = ("torch.nn", "torch.nn.utils", "torch.utils.data")
"""Namespaces of classes, like those of optimizers; elsewhere a class is a type and no offer."""

MISSING = "missing"

NAME_REASONS: dict[str, str] = {
    r"sparse|csr|csc|coo|bsr|bsc|coalesce|hspmm|smm|sspaddmm|to_dense|^values$|^indices$"
    r"|^c?(col|row)_indices$|^dense_dim$": "sparse tensors are not part of ferrule",
    r"quant|^q_|^qscheme|int_repr|fbgemm|choose_qparams": "quantized tensors are not part of "
    "ferrule",
    r"^align_|rename|refine_names|^names$|^has_names$": "named tensors never left PyTorch's "
    "prototype stage",
    r"cuda|cudnn|mkldnn|mps|miopen|xpu|hip|mtia|vulkan|^is_(ipu|xla|maia|cpu|meta|hpu)|^(ipu|hpu)$"
    r"|accelerat": "hardware is a plugin: devices are named in `.to(...)`",
    r"storage|stride|as_strided|data_ptr|^set_$|^resize|is_set_to|share_memory|is_shared|pin_memory"
    r"|is_pinned|record_stream|dim_order|^data$|^volatile$|memory_format|layout|is_distributed"
    r"|^apply_$|^map2?_$": "memory belongs to the backend; tensors have value semantics",
    r"_copy$|slice_inverse|as_strided_scatter": "copies in place of views: every result is its own",
    r"^unsafe_": "every call is checked",
    r"^(is|resolve)_(conj|neg)$": "there are no lazy conjugates: every value is what it says",
    r"^chalf$": "there is no complex32",
    r"with_indices$": "`return_indices=True`",
    r"^sym_|symint|^cond$|^while_loop$|^export$|^compiler$|^jit|^vmap$|torch_function|^overrides"
    r"|is_tracing|typename|^get_default_backend|^autocast|_autocast|is_warn_always"
    r"|set_warn|_deterministic|deterministic_|set_float32|get_float32|^set_flush|num_threads"
    r"|num_interop|printoptions|init_num|^import_ir|^parse_|^merge_type|^fork$|^wait$|^classproperty"
    r"|^set_vital|^read_vitals|^get_device|^set_default|^set_rng|^is_(inference|storage|vulkan)"
    r"|anomaly|^unify_type|^thread_safe|^debug_unwrap|^functionalize|^boolean_dispatch|^assert_int"
    r"|^compiled_with|^to_dlpack|^get_default_device|^get_file_path|^replace_all_|_grouped_mm"
    r"|^grouped_mm|^scaled_mm|^register_post|^index$|^saddmm|^spmm|^rearrange$"
    r"|^prepare_|^as_subclass|^module_load|^reinforce|^new$|^output_nr|^name$|^grad_dtype": (
        "part of PyTorch's runtime, not of its mathematics"
    ),
    r"_backward|_elemt|_stats$|_update_stats|^native_|^conv_tbc|^convolution$"
    r"|_cell$|^(lstm|gru|rnn_(tanh|relu))$|embedding_renorm|^batch_norm_|^grid_sampler|^affine_grid_"
    r"|^fused_|^feature_.*dropout_|multi_head_attention_forward|^max_pool[123]d_with_indices$"
    r"|segment_reduce|^rowwise_prune|^empty_(strided|permuted|quantized)|^from_file|^hash_tensor"
    r"|^nonzero_static": "a kernel behind another function, which ferrule reaches otherwise",
    r"^(symeig|eig|lstsq|lu|lu_solve|triangular_solve|matrix_rank|chain_matmul|qr|svd|cholesky"
    r"|cholesky_solve|cholesky_inverse|solve|geqrf|orgqr|ormqr|pca_lowrank|svd_lowrank|lobpcg"
    r"|norm_except_dim|frobenius_norm|nuclear_norm|lu_unpack|has_lapack)$": (
        "PyTorch advises `torch.linalg` in its place"
    ),
    r"^(constant|dirac|eye|kaiming_normal|kaiming_uniform|normal|orthogonal|uniform|xavier_normal"
    r"|xavier_uniform|sparse|ger|upsample|upsample_nearest|upsample_bilinear)$": (
        "PyTorch itself advises another name"
    ),
    r"^(NLLLoss2d|clip_grad_norm|Container|DataParallel|CrossMapLRN2d)$": (
        "PyTorch itself advises another name"
    ),
    r"DataPipe|datapipe|^DataChunk$|^(argument|runtime)_validation": (
        "PyTorch has given up DataPipes"
    ),
    r"^factory_kwargs$|^skip_init$|^swap_in_optimizer": "part of PyTorch's own workings",
    r"^SparseAdam$": "sparse tensors are not part of ferrule",
    r"^(int_repr|is_nested|nested_|to_padded_tensor|to_mkldnn|nested)": (
        "nested tensors are not part of ferrule"
    ),
}
"""Names that are left out on purpose: a pattern that is searched for, and why. The first that fits
counts."""

ARGUMENT_REASONS: dict[str, str] = {
    "out": "value semantics: bind the result to a name",
    "layout": "memory belongs to the backend",
    "pin_memory": "memory belongs to the backend",
    "memory_format": "memory belongs to the backend",
    "names": "no named tensors",
    "non_blocking": "transfers are ordered by the backend",
    "async": "transfers are ordered by the backend",
    "is_coalesced": "no sparse tensors",
    "implicit": "internal to PyTorch",
    "inplace": "value semantics: rebind the name",
    "foreach": "how a step is run is the backend's affair",
    "fused": "how a step is run is the backend's affair",
    "capturable": "how a step is run is the backend's affair",
    "_stacklevel": "internal to PyTorch",
    "size_average": "deprecated in PyTorch: reduction",
    "reduce": "deprecated in PyTorch: reduction",
    "cudnn_enabled": "hardware is a plugin",
    "from": "a word of Python's; `from_`",
    "differentiable": "an optimizer's step is not recorded",
    "pickle_module": "files hold no pickles",
    "pickle_protocol": "files hold no pickles",
    "weights_only": "files hold no pickles",
    "_use_new_zipfile_serialization": "files hold no pickles",
    "_disable_byteorder_record": "files hold no pickles",
    "_preallocate_and_copy": "internal to PyTorch",
}
"""Arguments that are left out on purpose."""


@dataclass(frozen=True)
class Parameter:
    """One parameter of a function.

    Attributes:
        default: the text of its default; None if it must be given.
        keyword_only: it cannot be given by position.
        alias: another name that it goes by.
    """

    name: str
    default: str | None = None
    keyword_only: bool = False
    alias: str = ""


@dataclass(frozen=True)
class Signature:
    """What a function takes.

    Attributes:
        rest: it takes any number of values by position.
        options: it takes any keyword.
    """

    parameters: tuple[Parameter, ...]
    rest: bool = False
    options: bool = False


@dataclass(frozen=True)
class Difference:
    """A row of the table."""

    name: str
    what: str
    why: str


def reason_for_name(name: str) -> str:
    """Why ferrule has no such name on purpose; empty if nobody says."""
    plain = name.removesuffix("_") if not name.startswith("_") else name
    for pattern, reason in NAME_REASONS.items():
        if re.search(pattern, name) or re.search(pattern, plain):
            return reason
    return ""


SIGNATURE_REASONS: dict[str, str] = {
    r"^(max|min|scatter|isin|(std|var)(_mean)?)_?$": "PyTorch's overloads, told apart by the types "
    "of the arguments",
    r"^(where|polygamma)_?$": "as PyTorch's method; what it is compared with is the function",
    r"with_indices$": "`return_indices=True`",
}
"""Functions whose signature differs on purpose."""


def reason_for_signature(name: str) -> str:
    """Why a function's parameters differ on purpose; empty if nobody says."""
    return next((why for pattern, why in SIGNATURE_REASONS.items() if re.search(pattern, name)), "")


def _plain(name: str) -> str:
    """PyTorch's schemas say ``self`` for what its functions call ``input``."""
    return "input" if name == "self" else name


def compare(theirs: Signature, ours: Signature) -> list[tuple[str, str, str]]:
    """What differs: the parameter, how, and why; an empty reason where nobody says.

    More parameters than PyTorch has, and defaults where it has none, are no difference.
    """
    found: list[tuple[str, str, str]] = []
    places = {n: i for i, p in enumerate(ours.parameters) for n in (p.name, p.alias) if n}
    for i, p in enumerate(theirs.parameters):
        name = _plain(p.name)
        why = ARGUMENT_REASONS.get(p.name, "")
        if name not in places:
            taken = (ours.rest and not p.keyword_only) or (ours.options and p.keyword_only)
            if not taken and not (i == 0 and ours.parameters and not p.keyword_only):
                found.append((name, f"no argument `{p.name}`", why))
            continue
        mine = ours.parameters[places[name]]
        if p.keyword_only or ours.rest:
            pass
        elif mine.keyword_only:
            found.append((name, f"`{p.name}` by keyword only", why))
        elif places[name] != i:
            found.append((name, f"`{p.name}` in place {places[name] + 1} instead of {i + 1}", why))
        if p.default is not None and mine.default is None:
            found.append((name, f"`{p.name}` must be given, PyTorch: {p.default}", why))
        elif p.default is not None and not _equal(p, mine):
            found.append((name, f"`{p.name}={mine.default}`, PyTorch: {p.default}", why))
    return found


_UNSET = "<object object"
"""How a default shows that only tells whether an argument was given."""
_DTYPES = {"4": "int64", "6": "float32"}


def _equal(theirs: Parameter, ours: Parameter) -> bool:
    a, b = theirs.default or "None", ours.default or "None"
    if theirs.name == "dtype":
        a = _DTYPES.get(a, a)
    return a == b or _value(a) == _value(b) or b.startswith(_UNSET)


def _value(text: str) -> Any:
    """The number, word or None that a default stands for; several equal ones count as one."""
    text = text.replace("torch.", "").replace("ferrule.", "").strip("'\"")
    if text in ("True", "False"):
        return f"bool {text}"  # which 1 and 0 are not
    if text[:1] in ("[", "("):
        parts = [_value(part.strip()) for part in text[1:-1].split(",") if part.strip()]
        return tuple(parts) if len(set(parts)) > 1 else parts[0] if parts else "None"
    try:
        return float(text)
    except ValueError:
        return text


def differences(
    name: str, theirs: Sequence[Signature], ours: Signature | None
) -> Iterator[Difference]:
    """The rows of one function that both have.

    A difference counts if no overload that has the parameter agrees in it, and its absence if every
    overload has it.
    """
    if ours is None:
        return
    found = [compare(signature, ours) for signature in theirs]
    names = [{_plain(p.name) for p in signature.parameters} for signature in theirs]
    seen: set[str] = set()
    for rows in found:
        for parameter, what, why in rows:
            missing = what.startswith("no argument")
            holders = [i for i, known in enumerate(names) if parameter in known]
            differs = [i for i in holders if any(row[0] == parameter for row in found[i])]
            everywhere = len(holders) == len(theirs) if missing else True
            if len(differs) == len(holders) and everywhere and what not in seen:
                seen.add(what)
                yield Difference(name, what, why or reason_for_signature(name))


def signature_of(function: Any) -> Signature | None:
    """What a Python function or one of ferrule's ops takes; None if nobody knows."""
    skip = 0
    if inspect.isclass(function):
        function, skip = function.__init__, 1
    function = inspect.unwrap(function)
    try:
        parameters = list(inspect.signature(function).parameters.values())[skip:]
    except (TypeError, ValueError):
        return None
    # an op takes surplus positional arguments for attributes, and two operands by PyTorch's names
    is_op = type(function).__module__.startswith("ferrule") and hasattr(function, "schema")
    arity = function.schema.arity if is_op else 0
    kinds = inspect.Parameter
    return Signature(
        tuple(
            Parameter(
                p.name,
                None if p.default is kinds.empty else _written(p.default),
                p.kind is kinds.KEYWORD_ONLY and not is_op,
                ("input", "other")[i] if i < min(arity, 2) else "",
            )
            for i, p in enumerate(parameters)
            if p.kind not in (kinds.VAR_POSITIONAL, kinds.VAR_KEYWORD)
        ),
        rest=any(p.kind is kinds.VAR_POSITIONAL for p in parameters),
        options=any(p.kind is kinds.VAR_KEYWORD for p in parameters),
    )


def _written(default: Any) -> str:
    """A default as the table shows it: functions by their names, addresses never."""
    if type(default).__name__ == "Generator":
        return "None"  # PyTorch's default generator, which None stands for
    return getattr(default, "__name__", None) or str(default)


def schemas_of(torch: Any, operator: str) -> list[Signature]:
    """The overloads of an operator written in C++, by PyTorch's own table."""
    found = []
    for schema in torch._C._jit_get_schemas_for_operator(f"aten::{operator}"):
        types = [str(a.type) for a in schema.arguments]
        tensors = any("Tensor" in t for t in (*types, *(str(r.type) for r in schema.returns)))
        if tensors and "Dimname" not in str(schema) and not any(a.is_out for a in schema.arguments):
            found.append(
                Signature(
                    tuple(
                        Parameter(
                            a.name,
                            str(a.default_value) if a.has_default_value() else None,
                            a.kwarg_only,
                        )
                        for a in schema.arguments
                    )
                )
            )
    return found


def resolve(path: str) -> Any:
    """The module or class of that name; None if there is none."""
    try:
        return importlib.import_module(path)
    except ImportError:
        module, _, name = path.rpartition(".")
        return getattr(importlib.import_module(module), name, None)


def public_names(space: Any) -> list[str]:
    """What PyTorch offers there: functions, methods and properties, and in some places classes."""
    own = getattr(space, "__name__", "")
    classes = "optim" in own or own in _CLASSES
    names = getattr(space, "__all__", None) if classes else None
    found = []
    for name in names or dir(space):
        value = getattr(space, name, None)
        if name.startswith("_") or inspect.ismodule(value):
            continue
        home = getattr(value, "__module__", None) or ""
        if inspect.isclass(value) and not (classes and home.startswith("torch")):
            continue
        foreign = home.startswith(("typing", "collections", "functools", "enum"))
        if not foreign if callable(value) else inspect.isclass(space):
            found.append(name)
    return sorted(set(found))


def table(torch: Any, space: str) -> tuple[list[Difference], int]:
    """The rows of a namespace, and how many names PyTorch has there."""
    theirs, ours = resolve(space), resolve(NAMESPACES[space])
    rows: list[Difference] = []
    names = public_names(theirs)
    for name in names:
        if ours is None or not hasattr(ours, name):
            rows.append(Difference(name, MISSING, reason_for_name(name) or _elsewhere(space, name)))
            continue
        mine, other = getattr(ours, name), getattr(theirs, name)
        if not callable(mine) or not callable(other):
            continue
        known = signature_of(other) if inspect.isfunction(other) or inspect.isclass(other) else None
        if known is None or not known.parameters:
            signatures = schemas_of(torch, _PREFIXES.get(space, "") + name)
        else:
            signatures = [known]
        rows += differences(name, signatures, signature_of(mine))
    return rows, len(names)


def _elsewhere(space: str, name: str) -> str:
    """Where ferrule has a name that PyTorch has in its top namespace too."""
    if space == "torch" and name.endswith("_") and hasattr(resolve("ferrule.Tensor"), name):
        return f"the method: `x.{name}()`"
    if space == "torch":
        for other in ("nn.functional", "linalg", "special"):
            if hasattr(resolve(f"ferrule.{other}"), name.removesuffix("_")):
                return f"in `{other}`"
    return ""


def report(tables: dict[str, tuple[list[Difference], int]], version: str) -> str:
    """The document."""
    lines = [
        "# What differs from PyTorch",
        "",
        f"Written by `tools/compare_torch.py` from PyTorch {version}; do not edit. Names that",
        "PyTorch has and ferrule lacks, and arguments that are missing, called otherwise, in",
        "another place or of another default. A row without a reason is open.",
        "",
        "| namespace | names in PyTorch | of these in ferrule | missing on purpose | open rows |",
        "| --- | ---: | ---: | ---: | ---: |",
    ]
    for space, (rows, count) in tables.items():
        missing = [r for r in rows if r.what == MISSING]
        purpose = sum(bool(r.why) for r in missing)
        opened = sum(not r.why for r in rows)
        lines.append(f"| `{space}` | {count} | {count - len(missing)} | {purpose} | {opened} |")
    for space, (rows, _) in tables.items():
        lines += ["", f"## {space}", ""]
        if not rows:
            lines.append("Nothing differs.")
            continue
        lines += ["| name | difference | why |", "| --- | --- | --- |"]
        for row in sorted(rows, key=lambda r: (bool(r.why), r.what == MISSING, r.name)):
            what = row.what.replace("|", "\\|")
            lines.append(f"| `{row.name}` | {what} | {row.why} |")
    return "\n".join(lines) + "\n"


def main() -> int:
    try:
        torch = importlib.import_module("torch")
    except ImportError:
        print("PyTorch is not installed here; nothing to compare with", file=sys.stderr)
        return 1
    tables = {space: table(torch, space) for space in NAMESPACES}
    TARGET.write_text(report(tables, torch.__version__))
    return 0


if __name__ == "__main__":
    sys.exit(main())
