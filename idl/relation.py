"""The contract of relation.thrift; its types are in relation.pyi."""

from idl.runtime import fill

fill(globals())
