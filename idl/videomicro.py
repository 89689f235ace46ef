"""The contract of videomicro.thrift; its types are in videomicro.pyi."""

from idl.runtime import fill

fill(globals())
