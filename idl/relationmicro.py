"""relationmicro.thrift at run time; the types are in relationmicro.pyi."""

from idl.runtime import fill

fill(globals())
