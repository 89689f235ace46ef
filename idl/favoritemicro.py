"""The contract of favoritemicro.thrift; its types are in favoritemicro.pyi."""

from idl.runtime import fill

fill(globals())
