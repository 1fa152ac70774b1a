package main

import (
	"encoding/json"
	"fmt"
	"io"
	"strings"
	"text/tabwriter"

	"github.com/spf13/cobra"

	"handfast/conformance"
)

// listed is one case in conform list --json.
type listed struct {
	ID      string   `json:"id"`
	Title   string   `json:"title"`
	Req     []string `json:"req"`
	Level   int      `json:"level"`
	Tags    []string `json:"tags"`
	Rejects bool     `json:"rejects"`
}

func (c *conformCmd) newList() *cobra.Command {
	return &cobra.Command{
		Use:   "list",
		Short: "List the cases and the requirements that they cite",
		Args:  cobra.NoArgs,
		RunE: func(*cobra.Command, []string) error {
			cases, err := conformance.Select(conformance.Cases(), c.run, c.skip)
			if err != nil {
				return c.refused(err)
			}
			if c.json != "" {
				return c.write(c.json, func(w io.Writer) error { return listJSON(w, cases) })
			}
			table := tabwriter.NewWriter(c.env.stdout, 0, 0, 2, ' ', 0)
			for i := range cases {
				fmt.Fprintf(table, "%s\t%s\t%s\n", cases[i].ID, strings.Join(cases[i].Req, " "), cases[i].Title)
			}
			return table.Flush()
		},
	}
}

func listJSON(w io.Writer, cases []conformance.Case) error {
	rows := []listed{}
	for i := range cases {
		one := &cases[i]
		rows = append(rows, listed{one.ID, one.Title, one.Req, one.Level, append([]string{}, one.Tags...), one.Reject != nil})
	}
	e := json.NewEncoder(w)
	e.SetIndent("", " ")
	return e.Encode(rows)
}
