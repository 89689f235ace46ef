"""The contract of bounds.thrift; its types are in bounds.pyi."""

from idl.runtime import fill

fill(globals())
