"""The contract of finding.thrift; its types are in finding.pyi."""

from idl.runtime import fill

fill(globals())
