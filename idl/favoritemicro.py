"""favoritemicro.thrift at run time; the types are in favoritemicro.pyi."""

from idl.runtime import fill

fill(globals())
