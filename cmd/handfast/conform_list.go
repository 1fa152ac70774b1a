package main

import (
	"encoding/json"
	"fmt"
	"io"
	"strconv"
	"strings"
	"text/tabwriter"

	"github.com/spf13/cobra"

	"handfast/conformance/guide"
)

// listed is one case in conform list --json. Its members up to Rejects are those of every release; What and Role tell rows apart where not
// only cases are listed.
type listed struct {
	ID      string   `json:"id"`
	Title   string   `json:"title"`
	Req     []string `json:"req"`
	Level   int      `json:"level"`
	Tags    []string `json:"tags"`
	Rejects bool     `json:"rejects"`

	What    string   `json:"what"`
	Roles   []string `json:"roles"`
	Profile string   `json:"profile"`
}

func (c *conformCmd) newList() *cobra.Command {
	var f guide.Filter
	var levels []string
	cmd := &cobra.Command{
		Use:   "list [PATTERN...]",
		Short: "List cases, vectors and requirements",
		Long: `List cases, or with --what vectors and requirements as well. Filters narrow each other; a pattern is a glob over ids (frame/*), a requirement
(FRAME-001) or an area of requirements (FRAME-*). A pattern that matches nothing is an error.

Levels are the steps of SPEC.md chapter 3. Requirements have none.`,
		Example: `  handfast conform list                          all cases
  handfast conform list --what all --req FRAME-001
  handfast conform list --level 1-3 --role acceptor
  handfast conform list --what vectors 'opening/*' --json -`,
		RunE: func(cmd *cobra.Command, args []string) error {
			lib, err := c.library()
			if err != nil {
				return err
			}
			f.Run, f.Skip = append(c.run, args...), c.skip
			if cmd.Flags().Changed("profile") {
				f.Profile = c.profile
			}
			if f.From, f.To, err = levelRange(levels); err != nil {
				return err
			}
			rows, err := lib.List(f)
			if err != nil {
				return c.refused(err)
			}
			return c.list(rows)
		},
	}
	flags := cmd.Flags()
	flags.StringVar(&f.What, "what", guide.WhatCases, "`kind` of rows: cases, vectors, requirements or all")
	flags.StringVar(&f.Role, "role", "", "only of this `role`: codec, acceptor, dialer; of requirements also peer, sender, receiver, caller, callee")
	flags.StringSliceVar(&levels, "level", nil, "only of this `level`: 3, or 1-3")
	flags.StringSliceVar(&f.Tags, "tag", nil, "only cases with this `tag`: tls, timing, slow, flood")
	flags.StringSliceVar(&f.Req, "req", nil, "only what cites this `requirement`, or is it")
	return only(cmd, "json", "profile", "run", "skip")
}

// levelRange reads "3" or "1-3"; nothing is every level.
func levelRange(levels []string) (from, to int, err error) {
	if len(levels) == 0 {
		return 0, 0, nil
	}
	first, last, isRange := strings.Cut(levels[0], "-")
	if !isRange {
		last = first
	}
	from, err = strconv.Atoi(first)
	if err == nil {
		to, err = strconv.Atoi(last)
	}
	if err != nil || from < 1 || to < from || len(levels) > 1 {
		return 0, 0, usageError("--level is a number or a range such as 1-3, not %q", strings.Join(levels, ","))
	}
	return from, to, nil
}

func (c *conformCmd) list(rows []guide.Row) error {
	if c.json != "" {
		return c.env.write(c.json, func(w io.Writer) error { return listJSON(w, rows) })
	}
	table := tabwriter.NewWriter(c.env.stdout, 0, 0, 2, ' ', 0)
	for _, r := range rows {
		fmt.Fprintf(table, "%s\t%s\t%s\n", r.ID, strings.Join(r.Req, " "), r.Title)
	}
	return table.Flush()
}

func listJSON(w io.Writer, rows []guide.Row) error {
	out := []listed{}
	for _, r := range rows {
		out = append(out, listed{r.ID, r.Title, append([]string{}, r.Req...), r.Level, append([]string{}, r.Tags...), r.Rejects, r.What, r.Roles, r.Profile})
	}
	e := json.NewEncoder(w)
	e.SetIndent("", " ")
	return e.Encode(out)
}
