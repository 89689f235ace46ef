"""The contract of usermicro.thrift; its types are in usermicro.pyi."""

from idl.runtime import fill

fill(globals())
