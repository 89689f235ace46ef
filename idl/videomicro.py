"""videomicro.thrift at run time; the types are in videomicro.pyi."""

from idl.runtime import fill

fill(globals())
