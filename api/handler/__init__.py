"""One coroutine a method of the HTTP IDLs, the same name; a module an IDL."""
