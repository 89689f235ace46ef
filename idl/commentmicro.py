"""commentmicro.thrift at run time; the types are in commentmicro.pyi."""

from idl.runtime import fill

fill(globals())
