/** Ends a server with the process that started it, also when that one is killed and can do nothing more. Knows no server by name. */
import { type ChildProcess, spawn } from 'node:child_process'
import { Socket } from 'node:net'

/**
 * Waits for the end of its input. After a word it just ends; without one, the owner is gone: it ends the server ($1) with the signal ($2), and when
 * that is done, or 10 s later, removes the folder ($3).
 */
const watch = `
read -r word && exit
kill -s "$2" "$1" || :
tries=0
while kill -0 "$1" && [ $tries -lt 100 ]; do tries=$((tries + 1)); sleep 0.1; done
rm -rf -- "$3"`

/**
 * `server` shall not outlive this process, nor shall its temporary `folder`. All that a killed process still does is to close its pipes; so a shell
 * reads from one. It is told a word as soon as the server has ended, so that it never signals a number that another process has got since.
 */
export function bindToOwner(server: ChildProcess, folder: string, signal: 'INT' | 'TERM' = 'TERM'): void {
  if (server.pid === undefined) return
  // In a group of its own: Ctrl-C in a terminal is meant for the owner, who takes its servers down.
  const watcher = spawn('/bin/sh', ['-c', watch, 'watch', String(server.pid), signal, folder], {
    stdio: ['pipe', 'ignore', 'ignore'],
    detached: true,
  })
  // Without a shell a server is what it was before: ended by whoever started it.
  watcher.once('error', () => {})
  watcher.stdin.once('error', () => {})
  watcher.unref()
  if (watcher.stdin instanceof Socket) watcher.stdin.unref()
  server.once('exit', () => watcher.stdin.end('ended\n'))
}
