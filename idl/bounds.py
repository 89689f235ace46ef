"""bounds.thrift at run time; the types are in bounds.pyi."""

from idl.runtime import fill

fill(globals())
