"""The bare array-namespace kit on a library that has the standard and nothing besides."""

import array_api_strict

from ferrule_plugins.kits.array_namespace_backend import ArrayNamespaceBackend

backend = ArrayNamespaceBackend("strict", array_api_strict)
