package main

import "io"

// console is where a verb reads and writes.
type console struct {
	in  io.Reader
	out io.Writer
	err io.Writer
}
