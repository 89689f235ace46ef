"""usermicro.thrift at run time; the types are in usermicro.pyi."""

from idl.runtime import fill

fill(globals())
