// Package releases builds earlier releases of Handfast from the history of the repository, and holds today's against them.
package releases

import (
	"archive/tar"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
)

// maxSource bounds the files of a release, in bytes.
const maxSource = 256 << 20

// Build builds the program handfast of a commit of the repository at root, into a folder of its own in cache, unless it is there,
// and returns the program's path. The repository's own files are not touched.
func Build(ctx context.Context, root, commit, cache string) (string, error) {
	dir := filepath.Join(cache, commit)
	bin := filepath.Join(dir, "handfast")
	if info, err := os.Stat(bin); err == nil && info.Mode().IsRegular() {
		return bin, nil
	}
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return "", err
	}
	src, err := os.MkdirTemp(dir, "src-")
	if err != nil {
		return "", err
	}
	defer os.RemoveAll(src)
	if err := extract(ctx, root, commit, src); err != nil {
		return "", err
	}
	build := exec.CommandContext(ctx, "go", "build", "-buildvcs=false", "-o", bin+".new", "./cmd/handfast")
	build.Dir = src
	build.Env = append(os.Environ(), "GOFLAGS=", "GOWORK=off")
	if out, err := build.CombinedOutput(); err != nil {
		return "", fmt.Errorf("releases: building %s: %w\n%s", commit, err, out)
	}
	return bin, os.Rename(bin+".new", bin)
}

// extract writes the files of a commit into dir.
func extract(ctx context.Context, root, commit, dir string) error {
	git := exec.CommandContext(ctx, "git", "-C", root, "archive", "--format=tar", commit)
	var said strings.Builder
	git.Stderr = &said
	out, err := git.StdoutPipe()
	if err != nil {
		return err
	}
	if err := git.Start(); err != nil {
		return err
	}
	err = untar(io.LimitReader(out, maxSource), dir)
	_, _ = io.Copy(io.Discard, out) // so that it ends
	if werr := git.Wait(); werr != nil {
		return fmt.Errorf("releases: git archive %s: %w: %s", commit, werr, said.String())
	}
	return err
}

// untar writes regular files below dir. Links are left out: nothing that is built needs one.
func untar(r io.Reader, dir string) error {
	root, err := os.OpenRoot(dir)
	if err != nil {
		return err
	}
	defer root.Close()
	for t := tar.NewReader(r); ; {
		h, err := t.Next()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
		switch h.Typeflag {
		case tar.TypeDir:
			err = root.MkdirAll(filepath.FromSlash(h.Name), 0o755)
		case tar.TypeReg:
			err = writeFile(root, filepath.FromSlash(h.Name), h.FileInfo().Mode().Perm(), t)
		}
		if err != nil {
			return err
		}
	}
}

func writeFile(root *os.Root, name string, mode os.FileMode, r io.Reader) error {
	if err := root.MkdirAll(filepath.Dir(name), 0o755); err != nil {
		return err
	}
	f, err := root.OpenFile(name, os.O_CREATE|os.O_WRONLY|os.O_TRUNC, mode|0o600)
	if err != nil {
		return err
	}
	_, err = io.Copy(f, r)
	return errors.Join(err, f.Close())
}
