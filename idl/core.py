"""The contract of core.thrift; its types are in core.pyi."""

from idl.runtime import fill

fill(globals())
