"""relation.thrift at run time; the types are in relation.pyi."""

from idl.runtime import fill

fill(globals())
