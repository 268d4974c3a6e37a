"""Functions of functions: derivatives, and many samples at once. They nest in any order."""

from ferrule.func import batched, lifted, pytree, randomness, tape
from ferrule.func.derivatives import grad, grad_and_value, value_and_grad, vjp
from ferrule.func.directions import jvp, linearize
from ferrule.func.jacobians import hessian, jacfwd, jacrev
from ferrule.func.mapping import vmap
from ferrule.func.modules import functional_call, stack_module_state

__all__ = [
    "batched",
    "functional_call",
    "grad",
    "grad_and_value",
    "hessian",
    "jacfwd",
    "jacrev",
    "jvp",
    "lifted",
    "linearize",
    "pytree",
    "randomness",
    "stack_module_state",
    "tape",
    "value_and_grad",
    "vjp",
    "vmap",
]
