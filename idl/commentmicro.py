"""The contract of commentmicro.thrift; its types are in commentmicro.pyi."""

from idl.runtime import fill

fill(globals())
