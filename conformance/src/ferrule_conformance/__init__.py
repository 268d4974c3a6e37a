"""The conformance suite of ferrule: every op, dtype and corner on a backend, with proof.

Run it with ``pytest --pyargs ferrule_conformance --ferrule-backend=NAME``, with ``ferrule
conformance NAME``, or in one's own process with `ferrule_conformance.suite.run`.
"""
