package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"handfast/refimpl/store"
)

func newStore(e env) *cobra.Command {
	cmd := &cobra.Command{Use: "store", Short: "Look after a folder of objects", Args: cobra.NoArgs, RunE: func(cmd *cobra.Command, _ []string) error { return cmd.Help() }}
	cmd.AddCommand(newStoreCheck(e))
	return cmd
}

func newStoreCheck(e env) *cobra.Command {
	c := storeCheck{env: e}
	cmd := &cobra.Command{
		Use:   "check FOLDER",
		Short: "Find what does not agree with the objects, and put it right",
		Long: `Read all objects of a folder of serve --data, which no peer has open, and compare with them what is derived from them: the log of dots, the list
of tombstones, the node clock and the digests by which sync finds differences. With --repair all of that is put right; an object that cannot
be read is set aside, and peers send it again.
Exit code 0: all agrees, or was repaired. 1: something does not agree. 3: the folder could not be opened or read.`,
		Example: `  handfast store check berlin
  handfast store check berlin --repair`,
		Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error { return c.run(cmd, args[0]) },
	}
	f := cmd.Flags()
	f.BoolVar(&c.repair, "repair", false, "put right what does not agree")
	f.BoolVar(&c.json, "json", false, "print the result as JSON")
	f.StringSliceVar(&c.namespaces, "namespace", []string{"default"}, "`name` of a namespace that the store has; may be given several times")
	c.salt.add(f)
	return cmd
}

type storeCheck struct {
	env          env
	repair, json bool
	namespaces   []string
	salt         saltFlag
}

func (c *storeCheck) run(cmd *cobra.Command, dir string) (err error) {
	salt, err := c.salt.read()
	if err != nil {
		return err
	}
	namespaces, err := defaultNamespaces(c.namespaces)
	if err != nil {
		return err
	}
	path := filepath.Join(dir, "store")
	if _, err := os.Stat(path); err != nil { // Open would make it
		return &exitError{code: exitMeasured, err: err, hint: "FOLDER is what serve --data was given"}
	}
	s, err := store.Open(store.Config{Path: path, Namespaces: namespaces, Salt: salt})
	if err != nil {
		return &exitError{code: exitMeasured, err: err, hint: storeHint(err)}
	}
	defer func() {
		if closing := s.Close(); closing != nil {
			err = errors.Join(err, &exitError{code: exitMeasured, err: closing})
		}
	}()
	r, err := s.Check(cmd.Context(), c.repair)
	if err != nil {
		return &exitError{code: exitMeasured, err: err, hint: storeHint(err)}
	}
	if err := c.print(r); err != nil {
		return err
	}
	if !r.Sound() && !r.Repaired {
		return &exitError{code: exitDiffers, err: errors.New("the folder does not agree with its objects"), hint: "handfast store check " + dir + " --repair"}
	}
	return nil
}

// storeForm is a report as JSON.
type storeForm struct {
	Objects    int  `json:"objects"`
	Damaged    int  `json:"damaged"`
	LogMissing int  `json:"log_missing"`
	LogWrong   int  `json:"log_wrong"`
	DeadWrong  int  `json:"dead_wrong"`
	Unseen     int  `json:"unseen"`
	Digest     bool `json:"digest"`
	Clock      bool `json:"clock"`
	Sound      bool `json:"sound"`
	Repaired   bool `json:"repaired"`
}

func (c *storeCheck) print(r store.Report) error {
	if c.json {
		return json.NewEncoder(c.env.stdout).Encode(storeForm{
			r.Objects, r.Damaged, r.LogMissing, r.LogWrong, r.DeadWrong, r.Unseen, r.Digest, r.Clock, r.Sound(), r.Repaired,
		})
	}
	state := "all agrees"
	switch {
	case r.Repaired:
		state = "repaired"
	case !r.Sound():
		state = "does not agree"
	}
	_, err := fmt.Fprintf(c.env.stdout, "%d objects: %s\n", r.Objects, state)
	for _, row := range []struct {
		n    int
		what string
	}{
		{r.Damaged, "objects that cannot be read"},
		{r.LogMissing, "siblings that the log of dots does not have"},
		{r.LogWrong, "entries of the log of dots without a sibling"},
		{r.DeadWrong, "entries of the list of tombstones missing or too many"},
		{r.Unseen, "dots of objects that the node clock does not have"},
		{one(r.Digest), "digest that is not that of the objects"},
		{one(r.Clock), "node clock that is not that of the file"},
	} {
		if row.n > 0 && err == nil {
			_, err = fmt.Fprintf(c.env.stdout, "  %d %s\n", row.n, row.what)
		}
	}
	return err
}

func one(b bool) int {
	if b {
		return 1
	}
	return 0
}

// defaultNamespaces gives namespaces by their names, with the limits that they have by default.
func defaultNamespaces(names []string) (map[string]store.Namespace, error) {
	namespaces := map[string]store.Namespace{}
	for _, name := range names {
		if (store.Key{Namespace: name, Name: "k"}).Validate() != nil {
			return nil, usageError("--namespace %q: a namespace is 1 to 64 of a-z, 0-9, '.', '_' and '-'", name)
		}
		namespaces[name] = store.DefaultNamespace()
	}
	return namespaces, nil
}

// saltFlag is the salt of a cluster (OBJ-013), in a file because a command line can be read by others.
type saltFlag struct{ file string }

func (s *saltFlag) add(f *pflag.FlagSet) {
	f.StringVar(&s.file, "salt", "", "`file` with 32 hexadecimal digits, the same in a cluster and not known to those who choose keys (default: zeros)")
}

func (s *saltFlag) read() (salt [16]byte, err error) {
	if s.file == "" {
		return salt, nil
	}
	f, err := os.Open(s.file)
	if err != nil {
		return salt, &exitError{code: exitUsage, err: err, hint: "a new one: openssl rand -hex 16 >" + s.file}
	}
	defer f.Close()
	b, err := io.ReadAll(io.LimitReader(f, 2*int64(len(salt))+3)) // with the end of its line
	if err != nil {
		return salt, &exitError{code: exitUsage, err: err}
	}
	if err := decodeID(strings.TrimSpace(string(b)), &salt); err != nil {
		return salt, usageError("--salt %s: it holds 32 hexadecimal digits and nothing else", s.file)
	}
	return salt, nil
}
