// An independent implementation checks Musubi's access log: Go's own signed-note and transparent-log packages open the
// checkpoint and compute the root from the leaves. export_log wrote the files below MUSUBI_EXPORT, one folder a log.
package log

import (
	"encoding/base64"
	"encoding/binary"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"
)

// The hashes of a growing tree, as tlog stores them.
type hashes []tlog.Hash

func (h hashes) ReadHashes(indexes []int64) ([]tlog.Hash, error) {
	found := make([]tlog.Hash, len(indexes))
	for i, index := range indexes {
		found[i] = h[index]
	}
	return found, nil
}

func readFile(t *testing.T, folder, name string) []byte {
	t.Helper()
	bytes, err := os.ReadFile(filepath.Join(folder, name))
	if err != nil {
		t.Fatal(err)
	}
	return bytes
}

func openCheckpoint(t *testing.T, folder string) (size int64, root tlog.Hash) {
	t.Helper()
	verifier, err := note.NewVerifier(strings.TrimSpace(string(readFile(t, folder, "verifier_key"))))
	if err != nil {
		t.Fatal(err)
	}
	opened, err := note.Open(readFile(t, folder, "checkpoint"), note.VerifierList(verifier))
	if err != nil {
		t.Fatal(err)
	}
	lines := strings.Split(opened.Text, "\n")
	if len(lines) != 4 || lines[0] != verifier.Name() || lines[3] != "" {
		t.Fatalf("checkpoint is not three lines with the log's name: %q", opened.Text)
	}
	size, err = strconv.ParseInt(lines[1], 10, 64)
	if err != nil {
		t.Fatal(err)
	}
	decoded, err := base64.StdEncoding.DecodeString(lines[2])
	if err != nil || len(decoded) != len(root) {
		t.Fatalf("root %q: %v", lines[2], err)
	}
	copy(root[:], decoded)
	return size, root
}

// Entries as in a tlog-tiles entry bundle: u16 length, then the leaf.
func treeOf(t *testing.T, entries []byte) (size int64, root tlog.Hash) {
	t.Helper()
	var stored hashes
	for len(entries) > 0 {
		n := int(binary.BigEndian.Uint16(entries))
		fresh, err := tlog.StoredHashes(size, entries[2:2+n], stored)
		if err != nil {
			t.Fatal(err)
		}
		stored = append(stored, fresh...)
		entries = entries[2+n:]
		size++
	}
	root, err := tlog.TreeHash(size, stored)
	if err != nil {
		t.Fatal(err)
	}
	return size, root
}

func TestExportedLogs(t *testing.T) {
	export := os.Getenv("MUSUBI_EXPORT")
	if export == "" {
		t.Skip("MUSUBI_EXPORT is not set")
	}
	folders, err := filepath.Glob(filepath.Join(export, "log-*"))
	if err != nil || len(folders) == 0 {
		t.Fatalf("no exported logs in %s: %v", export, err)
	}
	for _, folder := range folders {
		size, root := openCheckpoint(t, folder)
		leaves, computed := treeOf(t, readFile(t, folder, "entries"))
		if leaves != size || computed != root {
			t.Errorf("%s: checkpoint says %d leaves and %v, the leaves give %d and %v", folder, size, root, leaves, computed)
		}
		t.Logf("%s: %d leaves, root %v", filepath.Base(folder), size, root)
	}
}

// A checkpoint of which one byte was changed must not open. (The lowest bits of the last base64 letter mean nothing to
// Go's decoder, so another bit is flipped.)
func TestChangedCheckpoint(t *testing.T) {
	export := os.Getenv("MUSUBI_EXPORT")
	if export == "" {
		t.Skip("MUSUBI_EXPORT is not set")
	}
	folders, _ := filepath.Glob(filepath.Join(export, "log-*"))
	for _, folder := range folders {
		verifier, err := note.NewVerifier(strings.TrimSpace(string(readFile(t, folder, "verifier_key"))))
		if err != nil {
			t.Fatal(err)
		}
		message := readFile(t, folder, "checkpoint")
		for at := range message {
			changed := append([]byte(nil), message...)
			changed[at] ^= 8
			if opened, err := note.Open(changed, note.VerifierList(verifier)); err == nil && opened.Text != "" {
				t.Fatalf("%s: byte %d changed and still genuine", folder, at)
			}
		}
	}
}
