package main

import (
	"errors"
	"net"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
)

// notNegative refuses numbers and times below zero, which no flag has a meaning for.
func notNegative(cmd *cobra.Command) (err error) {
	cmd.Flags().Visit(func(f *pflag.Flag) {
		switch f.Value.Type() {
		case "int", "int64", "duration":
			if strings.HasPrefix(f.Value.String(), "-") {
				err = errors.Join(err, usageError("--%s is %s, and cannot be less than 0", f.Name, f.Value))
			}
		}
	})
	return err
}

// mendWords makes help and completion refuse words that they do not know: left to themselves they print a help and look like a success.
func mendWords(root *cobra.Command) {
	root.SetHelpCommand(&cobra.Command{
		Use:   "help [command]",
		Short: "Help about any command",
		RunE: func(_ *cobra.Command, args []string) error {
			cmd, rest, err := root.Find(args)
			if err != nil || len(rest) > 0 {
				return usageError("no command %q", strings.Join(args, " "))
			}
			cmd.InitDefaultHelpFlag()
			cmd.InitDefaultVersionFlag()
			return cmd.Help()
		},
	})
	root.InitDefaultCompletionCmd()
	for _, cmd := range root.Commands() {
		if cmd.Name() == "completion" {
			cmd.RunE = func(cmd *cobra.Command, _ []string) error { return cmd.Help() }
		}
	}
}

// addressHint is what to do about an address that cannot be one.
func addressHint(err error) (hint string, wrong bool) {
	_, wrong = errors.AsType[*net.AddrError](err)
	return "an address is HOST:PORT, such as 127.0.0.1:7400", wrong
}
