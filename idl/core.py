"""core.thrift at run time; the types are in core.pyi."""

from idl.runtime import fill

fill(globals())
