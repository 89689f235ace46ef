"""The contract of relationmicro.thrift; its types are in relationmicro.pyi."""

from idl.runtime import fill

fill(globals())
