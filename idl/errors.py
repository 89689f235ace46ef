"""The contract of errors.thrift; its types are in errors.pyi."""

from idl.runtime import fill

fill(globals())
