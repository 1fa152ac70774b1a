package guide

import (
	"embed"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"strings"

	"handfast/conformance/known"
)

//go:embed skeleton
var skeletons embed.FS

// Language is one in which Init writes a driver.
type Language struct {
	Name    string   // node, python and so on
	Needs   string   // what has to be installed
	Build   []string // argv that builds the driver in its folder; none where nothing is to be built
	Command []string // argv that starts it there
	Source  string   // the file to go on with
}

// Languages lists them.
func Languages() []Language {
	return []Language{
		{"node", "Node.js 18", nil, []string{"node", "driver.mjs"}, "driver.mjs"},
		{"python", "Python 3.10", nil, []string{"python3", "driver.py"}, "driver.py"},
		{"rust", "Rust 1.60", []string{"rustc", "--edition", "2021", "-O", "driver.rs"}, []string{"./driver"}, "driver.rs"},
		{"java", "Java 17", []string{"javac", "-d", "build", "Driver.java"}, []string{"java", "-cp", "build", "Driver"}, "Driver.java"},
		{"c", "a C11 compiler", []string{"cc", "-std=c11", "-O2", "-o", "driver", "driver.c"}, []string{"./driver"}, "driver.c"},
		{"go", "Go 1.24", []string{"go", "build", "-o", "driver", "."}, []string{"./driver"}, "driver.go"},
	}
}

// LanguageNamed finds a language.
func LanguageNamed(name string) (Language, bool) {
	for _, l := range Languages() {
		if l.Name == name {
			return l, true
		}
	}
	return Language{}, false
}

// File is one file of a skeleton.
type File struct {
	Name    string // in its folder
	Content []byte
}

// templated is the end of the name of a file that Go's tools must not see where it is kept.
const templated = ".tmpl"

// Files gives the files of a driver: the source, conformance.json and README.md.
func (l Language) Files() ([]File, error) {
	dir := path.Join("skeleton", l.Name)
	entries, err := fs.ReadDir(skeletons, dir)
	if err != nil {
		return nil, err
	}
	var files []File
	for _, e := range entries {
		b, err := skeletons.ReadFile(path.Join(dir, e.Name()))
		if err != nil {
			return nil, err
		}
		files = append(files, File{strings.TrimSuffix(e.Name(), templated), b})
	}
	config, err := l.config()
	if err != nil {
		return nil, err
	}
	return append(files, File{known.ConfigFile, config}, File{"README.md", l.readme()}), nil
}

// config writes conformance.json.
func (l Language) config() ([]byte, error) {
	b, err := json.MarshalIndent(known.Config{
		Format: 1, Spec: "1", Profile: "codec",
		Modes: known.Modes{Codec: &known.Driver{Command: l.Command}},
	}, "", " ")
	return append(b, '\n'), err
}

// readme writes README.md.
func (l Language) readme() []byte {
	build := ""
	if len(l.Build) > 0 {
		build = "    " + strings.Join(l.Build, " ") + "\n"
	}
	return fmt.Appendf(nil, `# A driver of Handfast

%s parses one frame so far, PING. It needs %s. %s

%s    handfast conform next             # what to implement now, and how it looks
    handfast conform explain 8        # a chapter, a requirement, a frame, a vector: anything that is named
    handfast conform explain driver   # the lines that suite and driver exchange
    handfast conform codec            # the verdict on all vectors

conformance.json says how the suite starts the driver.
`, "`"+l.Source+"`", l.Needs, l.buildText(), build)
}

func (l Language) buildText() string {
	if len(l.Build) > 0 {
		return "Build it after each change, then ask what is next:"
	}
	return "Nothing is to be built:"
}

// ExistsError lists the files that Init would have overwritten.
type ExistsError struct{ Files []string }

// Error names them.
func (e *ExistsError) Error() string {
	return fmt.Sprintf("there already is %s; nothing was written", strings.Join(e.Files, ", "))
}

// Init writes the files of a driver into a folder, which it makes where it is missing. A file that is there is an *ExistsError, and nothing is
// written then; unless force is set.
func Init(dir string, l Language, force bool) ([]File, error) {
	files, err := l.Files()
	if err != nil {
		return nil, err
	}
	var there []string
	for _, f := range files {
		name := filepath.Join(dir, f.Name)
		if _, err := os.Lstat(name); !errors.Is(err, fs.ErrNotExist) {
			there = append(there, name)
		}
	}
	if len(there) > 0 && !force {
		return nil, &ExistsError{there}
	}
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return nil, err
	}
	for _, f := range files {
		if err := write(filepath.Join(dir, f.Name), f.Content, force); err != nil {
			return nil, err
		}
	}
	return files, nil
}

// write writes a new file. Without force it fails where one came into being since it was looked for.
func write(name string, content []byte, force bool) error {
	flags := os.O_WRONLY | os.O_CREATE | os.O_EXCL
	if force {
		flags = os.O_WRONLY | os.O_CREATE | os.O_TRUNC
	}
	f, err := os.OpenFile(name, flags, 0o644)
	if err != nil {
		return err
	}
	_, err = f.Write(content)
	return errors.Join(err, f.Close())
}
