package main_test

import (
	"bufio"
	"context"
	"encoding/json"
	"io"
	"os/exec"
	"testing"

	"github.com/stretchr/testify/require"
)

// clientApplication is a program in testdata that runs: an application built on a client of others, for whose person
// the test acts.
type clientApplication struct {
	t       *testing.T
	command *exec.Cmd
	answers io.Writer
	lines   *bufio.Scanner
	output  *output
}

// startApplication starts a program whose person the test is. cancel, which ends it, is called at the end of the test.
func startApplication(t *testing.T, command *exec.Cmd, cancel context.CancelFunc) *clientApplication {
	c := &clientApplication{t: t, command: command, output: &output{}}
	command.Stderr = c.output
	answers, err := command.StdinPipe()
	require.NoError(t, err)
	lines, err := command.StdoutPipe()
	require.NoError(t, err)
	c.answers, c.lines = answers, bufio.NewScanner(lines)
	require.NoError(t, command.Start())
	t.Cleanup(func() {
		cancel()
		_ = command.Wait()
	})
	return c
}

// serve acts for the person until the application reports what it knows at the end, which goes into report.
func (c *clientApplication) serve(visit func(address string) (landed string), report any) {
	for c.lines.Scan() {
		var line struct {
			Open   string          `json:"open"`
			Report json.RawMessage `json:"report"`
		}
		require.NoError(c.t, json.Unmarshal(c.lines.Bytes(), &line), c.lines.Text())
		if line.Report != nil {
			require.NoError(c.t, json.Unmarshal(line.Report, report))
			return
		}
		_, err := io.WriteString(c.answers, visit(line.Open)+"\n")
		require.NoError(c.t, err)
	}
	require.NoError(c.t, c.lines.Err())
	_ = c.command.Wait() // its words come with its end
	require.FailNow(c.t, "the application gave up", c.output.String())
}
