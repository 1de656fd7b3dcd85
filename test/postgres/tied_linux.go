package postgres

import (
	"os"
	"os/exec"
	"runtime"
	"strconv"
	"strings"
	"syscall"
)

// startTied starts a process that ends when this one does, however that ends.
func startTied(cmd *exec.Cmd) error {
	cmd.SysProcAttr.Pdeathsig = syscall.SIGQUIT
	started := make(chan error)
	go func() {
		runtime.LockOSThread() // the signal comes when the thread ends that started it
		started <- cmd.Start()
		if cmd.Process != nil {
			select {}
		}
	}()
	return <-started
}

// dropShared frees the shared memory of a server that could not do it itself. Its
// id is in the seventh line of the file.
func dropShared(pidFile string) {
	b, err := os.ReadFile(pidFile)
	lines := strings.Split(string(b), "\n")
	if err != nil || len(lines) < 7 {
		return
	}
	if fields := strings.Fields(lines[6]); len(fields) == 2 {
		if id, err := strconv.Atoi(fields[1]); err == nil {
			const remove = 0 // IPC_RMID
			_, _, _ = syscall.Syscall(syscall.SYS_SHMCTL, uintptr(id), remove, 0)
		}
	}
}
