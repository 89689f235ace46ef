"""errors.thrift at run time; the types are in errors.pyi."""

from idl.runtime import fill

fill(globals())
