<#
.SYNOPSIS
Puts Sidelight on this machine for you, or takes it away. Needs Python 3.11 or newer, and no administrator.

.EXAMPLE
powershell -ExecutionPolicy Bypass -File installers\windows\install.ps1 -Autostart

.NOTES
Never executed by this project's own tests: they run on Linux. It finds a Python, calls
installers\install.py, which does the work, and looks after the search path.
#>
[CmdletBinding()]
param(
    # With the tray, which needs Qt.
    [switch] $Tray,
    # Start the tray when you log in; includes -Tray.
    [switch] $Autostart,
    # Install this wheel instead of this checkout's.
    [string] $Wheel,
    # Take what is needed from this folder only, for machines without a network.
    [string] $Wheelhouse,
    # Take it away.
    [switch] $Uninstall,
    # With -Uninstall: sign out, and remove settings, history and local models as well.
    [switch] $Forget
)

Set-StrictMode -Version Latest
$ErrorActionPreference = 'Stop'

function Find-Python {
    foreach ($candidate in @(@('py', '-3'), @('python3'), @('python'))) {
        $program = Get-Command $candidate[0] -CommandType Application -ErrorAction SilentlyContinue |
            Select-Object -First 1
        if (-not $program) { continue }
        $words = @($candidate | Select-Object -Skip 1)
        & $program.Source @words -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>$null
        if ($LASTEXITCODE -eq 0) { return , @(@($program.Source) + $words) }
    }
    throw 'Sidelight needs Python 3.11 or newer: winget install Python.Python.3.12'
}

function Set-SearchPath([string] $Folder, [bool] $Present) {
    $now = [Environment]::GetEnvironmentVariable('Path', 'User')
    $others = @("$now".Split(';') | Where-Object { $_ -and $_ -ne $Folder })
    $wanted = if ($Present) { $others + $Folder } else { $others }
    [Environment]::SetEnvironmentVariable('Path', ($wanted -join ';'), 'User')
}

$python = Find-Python
$words = @($python | Select-Object -Skip 1) + @(Join-Path $PSScriptRoot '..\install.py')
if ($Tray) { $words += '--tray' }
if ($Autostart) { $words += '--autostart' }
if ($Wheel) { $words += @('--wheel', $Wheel) }
if ($Wheelhouse) { $words += @('--wheelhouse', $Wheelhouse) }
if ($Uninstall) { $words += '--uninstall' }
if ($Forget) { $words += '--forget' }

& $python[0] @words
if ($LASTEXITCODE -ne 0) { exit $LASTEXITCODE }
# The same folder as in installers\install_places.py.
Set-SearchPath (Join-Path $env:LOCALAPPDATA 'Programs\Sidelight\venv\Scripts') (-not $Uninstall)
