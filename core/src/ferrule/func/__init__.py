"""Functions of functions: derivatives, and many samples at once. They nest in any order."""

from ferrule.func import pytree
from ferrule.func.batched import bottom, is_batched, levels, with_bottom, wrapped
from ferrule.func.derivatives import grad, grad_and_value, jvp, linearize, value_and_grad, vjp
from ferrule.func.jacobians import hessian, jacfwd, jacrev
from ferrule.func.lifted import lifted_function
from ferrule.func.mapping import vmap
from ferrule.func.modules import functional_call, stack_module_state
from ferrule.func.randomness import per_sample
from ferrule.func.tape import grad_under_vmap

__all__ = [
    "bottom",
    "functional_call",
    "grad",
    "grad_and_value",
    "grad_under_vmap",
    "hessian",
    "is_batched",
    "jacfwd",
    "jacrev",
    "jvp",
    "levels",
    "lifted_function",
    "linearize",
    "per_sample",
    "pytree",
    "stack_module_state",
    "value_and_grad",
    "vjp",
    "vmap",
    "with_bottom",
    "wrapped",
]
