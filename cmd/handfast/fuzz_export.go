package main

import "github.com/spf13/cobra"

func newFuzzExport(e env) *cobra.Command { return &cobra.Command{Use: "export", Hidden: true} }
