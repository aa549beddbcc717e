import { findProgram } from './find-program.mjs'

/**
 * How a system installs packages. `prepare` is run before, quietly; `asRoot` where only root may install; `packages`
 * by the title of a program. The browser comes with letters for English and Chinese: without it draws empty boxes.
 * @typedef {{ prepare?: string[], install: string[], asRoot: boolean, packages: Record<string, string[]> }} Manager
 */

/** By program name; the first that is there is the system's, so Homebrew, an extra on Linux, comes last. */
const managers = {
  'apt-get': {
    prepare: ['apt-get', 'update'],
    install: ['apt-get', 'install', '-y', '--no-install-recommends'],
    asRoot: true,
    packages: {
      'redis-server': ['redis-server'],
      chromium: ['chromium', 'fonts-dejavu-core', 'fonts-wqy-microhei'],
    },
  },
  dnf: {
    install: ['dnf', 'install', '-y', '--setopt=install_weak_deps=False'],
    asRoot: true,
    packages: {
      'redis-server': ['valkey'],
      chromium: ['chromium', 'dejavu-sans-fonts', 'wqy-microhei-fonts'],
    },
  },
  pacman: {
    // Without -y: newer packages among older ones, which Arch does not support, could break the system.
    install: ['pacman', '-S', '--noconfirm', '--needed'],
    asRoot: true,
    packages: {
      'redis-server': ['valkey'],
      chromium: ['chromium', 'ttf-dejavu', 'wqy-microhei'],
    },
  },
  apk: {
    install: ['apk', 'add', '--no-cache'],
    asRoot: true,
    packages: {
      'redis-server': ['redis'],
      chromium: ['chromium', 'font-dejavu', 'font-noto-cjk'],
    },
  },
  zypper: {
    install: ['zypper', '--non-interactive', 'install', '--no-recommends'],
    asRoot: true,
    packages: {
      'redis-server': ['redis'],
      chromium: ['chromium', 'dejavu-fonts', 'wqy-microhei-fonts'],
    },
  },
  brew: {
    install: ['brew', 'install'],
    asRoot: false,
    packages: {
      'redis-server': ['redis'],
      chromium: ['--cask', 'google-chrome'],
    },
  },
}

/** The name of this system's package manager, undefined where none of those known is there. */
export function packageManagerName() {
  return Object.keys(managers).find(findProgram)
}

/** A package manager by its program's name. @param {string} name @returns {Manager} */
export function packageManager(name) {
  return managers[name]
}
