package main

import (
	"slices"

	"github.com/spf13/cobra"

	"handfast/conformance"
)

// judgeProfiles judges a peer that has every profile of which there are cases: in all of them, with a report of each, or in the one that a flag
// or the configuration names. Patterns choose from all of them; a profile in which they choose nothing is left out.
func (c *conformCmd) judgeProfiles(cmd *cobra.Command, target conformance.Target, how string) error {
	config, err := c.configure(cmd)
	if err != nil {
		return err
	}
	if config != nil || cmd.Flags().Changed("profile") {
		return c.judge(cmd, target, how)
	}
	if _, err := conformance.Select(conformance.Cases(), c.run, c.skip); err != nil {
		return c.refused(err)
	}
	if _, err := c.repository(cmd); err != nil { // before the run, which may take long
		return err
	}
	var list []judged
	for _, profile := range conformance.JudgedProfiles() {
		cases := conformance.InProfile(conformance.Cases(), profile)
		run, skip := matching(cases, c.run), matching(cases, c.skip)
		if picked, err := conformance.Select(cases, run, skip); err != nil || len(picked) == 0 || len(run) == 0 && len(c.run) > 0 {
			continue
		}
		report, err := c.measure(cmd, conformance.Config{Target: target, Profile: profile, Cases: cases, Run: run, Skip: skip})
		if err != nil {
			return err
		}
		command := "handfast conform " + how + c.again(cmd)
		if profile != conformance.DefaultProfile {
			command += " --profile=" + profile
		}
		list = append(list, judged{report, conformance.ConsoleOptions{Command: command, Trace: c.trace}})
	}
	if len(list) == 0 { // everything was skipped
		return c.judge(cmd, target, how)
	}
	return c.finish(cmd, list...)
}

// matching gives the patterns that choose something among cases.
func matching(cases []conformance.Case, patterns []string) []string {
	return slices.DeleteFunc(slices.Clone(patterns), func(p string) bool {
		_, err := conformance.Select(cases, []string{p}, nil)
		return err != nil
	})
}
